"""Table 2: accuracy of every method."""

from typing import Any

import pandas as pd

from sglr.artefacts.accuracies import (
    collect_accuracies,
    note_methods,
    number_methods,
    stopped_early,
    tabulate_methods,
)
from sglr.collected.runs import Runs
from sglr.plan.scales import Scale

TITLE = "Table 2"
CAPTION = (
    "Natural, PGD and AutoAttack accuracy of each method at its best and its final checkpoint, the paper's values "
    "beside ours. Stopped early: the final network is PGD-AT's best by held-out images."
)
READS = ("evaluation.json",)
COLLECTED = ("table2",)
BENEATH = "paper"


def collect(runs: Runs) -> dict[str, Any]:
    """Return a row for each run, checkpoint and attack."""
    return {"table2": collect_accuracies(runs)}


def numbers(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return a row for each data set, method, attack and checkpoint."""
    return number_methods(frames["table2"], "table2")


def tabulate(frames: dict[str, pd.DataFrame], scale: Scale) -> pd.DataFrame:
    """Return a row for each data set and method, and one for PGD-AT stopped early."""
    frame = frames["table2"]
    both = pd.concat([frame, stopped_early(frame)])
    return tabulate_methods(both, "table2", scale)


def note(frames: dict[str, pd.DataFrame], scale: Scale) -> str:
    """Return what stands above the table."""
    frame = frames["table2"]
    words = note_methods(TITLE, frame, scale)
    told = "; stopped early: final is PGD-AT's best by held-out images"
    return words if stopped_early(frame).empty else words + told
