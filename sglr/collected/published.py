"""The paper's and other published numbers: config/published.csv, and the counts of Table 1."""

from functools import cache
from typing import NamedTuple

import pandas as pd

from sglr.files.records import read_csv
from sglr.files.yaml import CONFIG


class Counts(NamedTuple):
    """What a method of Table 1 needs: teachers, of which kinds, and forward passes of one training step."""

    trained_teachers: int
    standard_teacher: bool
    adversarial_teacher: bool
    forwards: int


TABLE1 = {  # the paper's Table 1
    "ard": Counts(1, False, True, 3),
    "rslad": Counts(1, False, True, 3),
    "kd_swa": Counts(2, True, True, 4),
    "sglr": Counts(0, False, False, 2),
}


@cache
def published_rows() -> pd.DataFrame:
    """Every row of config/published.csv; not to be written to."""
    return read_csv(CONFIG / "published.csv")
