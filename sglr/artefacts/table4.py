"""Table 4: r, the share of the label that the prediction takes, and the temperature T."""

from dataclasses import replace
from itertools import product
from typing import Any

import pandas as pd

from sglr.artefacts.accuracies import (
    as_integers,
    collect_accuracies,
    images,
    numbers_of,
)
from sglr.artefacts.cells import Cell, cell_of, with_best
from sglr.artefacts.words import said_of_collapse
from sglr.collected.published import published_rows
from sglr.collected.runs import Runs
from sglr.plan.names import attack_label
from sglr.plan.scales import Scale

TITLE = "Table 4"
CAPTION = (
    "SGLR's two settings: r, the share of the label that the prediction takes, "
    "and the temperature T; final checkpoint."
)
READS = ("evaluation.json",)
COLLECTED = ("table4",)
BENEATH = "paper"

_ATTACKS = ("natural", "pgd20")


def collect(runs: Runs) -> dict[str, Any]:
    """Return a row for each run, checkpoint and attack; r = 0 has no temperature, its run fills every one's cell."""
    rows = collect_accuracies(runs)
    temperatures = sorted({row["temperature"] for row in rows})
    own, shared = [], []
    for row in rows:
        if row["r"]:
            own.append(row)
        else:
            shared += [row | {"temperature": value} for value in temperatures]
    return {"table4": own + shared}


def numbers(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return a row for each temperature, r and attack: the final checkpoint, in percent."""
    frame, rows = frames["table4"], []
    for temperature, r in _grid(frame):
        for attack in _ATTACKS:
            ours = _final(frame, temperature, r, attack)
            count = ours["num_images"].iloc[0] if len(ours) else None
            row = {"temperature": temperature, "r": r, "attack": attack}
            row |= {"checkpoint": "final"} | numbers_of(ours["accuracy"])
            theirs = _paper(temperature, r, attack)
            rows.append(row | {"num_images": count, "paper": theirs})
    return as_integers(pd.DataFrame(rows))


def _grid(frame: pd.DataFrame) -> list[tuple[float, float]]:
    temperatures, shares = frame["temperature"].unique(), frame["r"].unique()
    return list(product(sorted(temperatures), sorted(shares)))


def _final(
    frame: pd.DataFrame, temperature: float, r: float, attack: str
) -> pd.DataFrame:
    cell = (frame["temperature"] == temperature) & (frame["r"] == r)
    found = frame[cell & (frame["attack"] == attack)]
    return found[found["checkpoint"] == "final"]


def _paper(temperature: float, r: float, attack: str) -> float | None:
    rows = published_rows()
    rows = rows[(rows["artifact"] == "table4") & (rows["attack"] == attack)]
    rows = rows[rows["temperature"] == temperature]
    found = rows[rows["r"].round(3) == round(r, 3)]
    return float(found["accuracy_percent"].iloc[0]) if len(found) else None


def tabulate(frames: dict[str, pd.DataFrame], scale: Scale) -> pd.DataFrame:
    """Return a row for each temperature and attack, a column for each r, the best r marked."""
    frame, rows, measured = frames["table4"], [], []
    shares = sorted(frame["r"].unique())
    names = [f"r = {r:g}" for r in shares]
    for temperature in sorted(frame["temperature"].unique()):
        for attack in _ATTACKS:
            label = attack_label(attack, scale.attack.test_steps)
            row: dict[str, Any] = {"temperature": f"{temperature:g}", "accuracy": label}
            cells = [_cell(frame, temperature, r, attack) for r in shares]
            row.update(zip(names, with_best(cells), strict=True))
            rows.append(row)
            measured.append(any(cell.mean is not None for cell in cells))
    return pd.DataFrame(rows, index=pd.Index(measured, name="measured"))


def _cell(frame: pd.DataFrame, temperature: float, r: float, attack: str) -> Cell:
    theirs = _paper(temperature, r, attack)
    beneath = "" if theirs is None else f"{theirs:.1f}"
    found = cell_of(_final(frame, temperature, r, attack)["accuracy"], beneath)
    settings = {"r": r, "temperature": temperature} if r else {"r": r}
    return replace(found, settings=settings)


def note(frames: dict[str, pd.DataFrame], scale: Scale) -> str:
    """Return what stands above the table."""
    frame = frames["table4"]
    # Runs shared with Table 2 have it, too.
    seen = images(frame[frame["attack"] != "autoattack"], scale)
    counts = frame.dropna(subset=["checkpoint"]).groupby(["r", "temperature"])["seed"]
    words = [
        f"{TITLE} ({scale.label}); accuracies in percent",
        f"beside or beneath them the paper's CIFAR values; {seen}",
        "cells with a deviation are means over seeds"
        if counts.nunique().max() > 1
        else "one seed",
    ]
    return "; ".join(words) + said_of_collapse(frame)
