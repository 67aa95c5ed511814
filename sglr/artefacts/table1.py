"""Table 1: what each distillation method needs."""

from typing import Any

import pandas as pd

from sglr.collected.published import TABLE1
from sglr.collected.runs import Runs
from sglr.files.disk import damaged
from sglr.files.records import read_json
from sglr.files.settings import unknown
from sglr.files.shapes import FORWARDS
from sglr.methods import METHODS
from sglr.plan.scales import Scale

TITLE = "Table 1"
CAPTION = (
    "What each distillation method needs: trained teachers, and forward passes of one training step, counted on a real "
    "one."
)
READS: tuple[str, ...] = ()
ALSO_READS = ("forwards.json",)
COLLECTED = ("table1",)


def collect(runs: Runs) -> dict[str, Any]:
    """Return a row for each method that was counted, the paper's forward passes beside ours."""
    path, rows = runs.folder / "forwards.json", []
    for row in read_json(path, FORWARDS)["rows"]:
        if row["method"] not in TABLE1:
            raise damaged(path, unknown(row["method"], TABLE1, "method"))
        paper = TABLE1[row["method"]].forwards
        rows.append(row | {"forwards_paper": paper})
    return {"table1": rows}


def numbers(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return a row for each method that was counted."""
    return frames["table1"]


def tabulate(frames: dict[str, pd.DataFrame], scale: Scale) -> pd.DataFrame:
    """Return a row for each method, with the names and words that a reader knows."""
    frame = frames["table1"]
    words = {True: "yes", False: "no"}
    named = frame.assign(
        method=[METHODS[name].label for name in frame["method"]],
        standard_teacher=frame["standard_teacher"].map(words),
        adversarial_teacher=frame["adversarial_teacher"].map(words),
    )
    return named.rename(columns=lambda name: name.replace("_", " "))


def note(frames: dict[str, pd.DataFrame], scale: Scale) -> str:
    """Return what stands above the table."""
    return f"{TITLE} ({scale.label}); forward passes of one training step, paper: the paper's count"
