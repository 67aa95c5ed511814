"""Ours: SGLR that refines from before PGD-AT's best epoch on, so that its own best network is a refined one."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import pandas as pd

from sglr.artefacts.accuracies import (
    DIFFERENCE,
    as_integers,
    at,
    collect_accuracies,
    columns_of,
    images,
    numbers_of,
    seeds_of,
)
from sglr.artefacts.words import marked, said_of_collapse
from sglr.collected.runs import Runs
from sglr.methods import METHODS
from sglr.methods.schedules import start_epoch
from sglr.plan.names import ATTACKS
from sglr.plan.scales import Scale

TITLE = "Start of refinement (ours)"
CAPTION = (
    "Not in the paper: SGLR that refines labels from a tenth of training on, beside the paper's start. Where PGD-AT is "
    "at its best before that start, SGLR's best network is PGD-AT's; one of an early start can be its own."
)
READS = ("evaluation.json",)
COLLECTED = ("table_start",)

_KIND = ["method", "r", "start"]
_SHOWN = ("best", "final", DIFFERENCE)


def collect(runs: Runs) -> dict[str, Any]:
    """Return a row for each run, checkpoint and attack."""
    return {"table_start": collect_accuracies(runs, ("r", "start"))}


def numbers(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return a row for each method, r, start, attack and checkpoint, in percent."""
    rows = []
    for kind, ours in _kinds(frames["table_start"]):
        for attack, checkpoint in product(ATTACKS, _SHOWN):
            part = ours[ours["attack"] == attack]
            row = kind | {"attack": attack, "checkpoint": checkpoint}
            row |= numbers_of(at(part, checkpoint))
            row["num_images"] = part["num_images"].iloc[0] if len(part) else None
            rows.append(row)
    return as_integers(pd.DataFrame(rows))


def tabulate(frames: dict[str, pd.DataFrame], scale: Scale) -> pd.DataFrame:
    """Return a row for each method, r and start, which the index has."""
    kinds = list(_kinds(frames["table_start"]))
    rows = [ours for _, ours in kinds]
    columns = {
        ("", "method"): [_label(kind, ours) for kind, ours in kinds],
        ("", "start"): [_epoch(kind["start"], scale) for kind, _ in kinds],
        ("", "seeds"): [seeds_of(ours) for ours in rows],
        **columns_of(rows, "table_start", scale),
    }
    index = pd.DataFrame([kind for kind, _ in kinds])
    index["measured"] = [bool(ours["attack"].notna().any()) for ours in rows]
    return pd.DataFrame(columns, pd.MultiIndex.from_frame(index))


def _kinds(frame: pd.DataFrame) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    for values, ours in frame.groupby(_KIND, sort=False, dropna=False):
        yield dict(zip(_KIND, values, strict=True)), ours


def _label(kind: dict[str, Any], ours: pd.DataFrame) -> str:
    label = METHODS[kind["method"]].label
    # The released code is r = 1 by itself.
    named = label if kind["method"] != "sglr" else f"{label}, r = {kind['r']:g}"
    return marked(named, ours)


def _epoch(start: float, scale: Scale) -> str:
    if pd.isna(start):
        return ""
    return str(start_epoch(start, scale.adversarial.epochs))


def note(frames: dict[str, pd.DataFrame], scale: Scale) -> str:
    """Return what stands above the table."""
    frame = frames["table_start"]
    words = [
        f"{TITLE} ({scale.label}); start: the first of {scale.adversarial.epochs} epochs with refined labels",
        "accuracies in percent, mean ± standard deviation over seeds",
        "best: chosen on test images, diff: best minus final",
        images(frame, scale),
    ]
    return "; ".join(words) + said_of_collapse(frame)
