"""Table 3: refined labels added to PGD-AT and to TRADES."""

from typing import Any

import pandas as pd

from sglr.artefacts.accuracies import (
    collect_accuracies,
    note_methods,
    number_methods,
    tabulate_methods,
)
from sglr.collected.runs import Runs
from sglr.plan.scales import Scale

TITLE = "Table 3"
CAPTION = (
    "Natural, PGD and AutoAttack accuracy of PGD-AT and TRADES "
    "with and without refined labels, on 10 and 100 classes."
)
READS = ("evaluation.json",)
COLLECTED = ("table3",)
BENEATH = "paper"


def collect(runs: Runs) -> dict[str, Any]:
    """Return a row for each run, checkpoint and attack."""
    return {"table3": collect_accuracies(runs)}


def numbers(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return a row for each data set, method, attack and checkpoint."""
    return number_methods(frames["table3"], "table3")


def tabulate(frames: dict[str, pd.DataFrame], scale: Scale) -> pd.DataFrame:
    """Return a row for each data set and method."""
    return tabulate_methods(frames["table3"], "table3", scale)


def note(frames: dict[str, pd.DataFrame], scale: Scale) -> str:
    """Return what stands above the table."""
    return note_methods(TITLE, frames["table3"], scale)
