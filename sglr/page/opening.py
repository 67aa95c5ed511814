"""What the page opens with: the result in three sentences and one table, written from the collected data."""

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from sglr.artefacts.collect import frames_of, is_collected, runs_of
from sglr.artefacts.words import percent
from sglr.collected.paired import mean_interval
from sglr.collected.published import published_rows
from sglr.collected.results import Row
from sglr.methods import METHODS
from sglr.plan.names import ATTACKS, PAPERS_DATA, TEN, attack_label
from sglr.plan.plan import Plan

BASELINE, ATTACK = "at", "pgd20"
# The methods of the sentences, and what the paper calls the same.
_TOLD = {"at": "at", "sglr": "sglr", "sglr_released": "sglr"}
_CHECKPOINTS = ("best", "final", "diff")


class Difference(NamedTuple):
    """Points that a method lost, or ended above another: the mean over seeds, and its 95 % interval."""

    mean: float
    low: float
    high: float
    seeds: int
    paper: float | None
    runs: tuple[str, ...]


def opening(plan: Plan, folder: Path, claims: list[Row]) -> dict[str, Any]:
    """Return what the template needs: differences by method, counts of verdicts, the table's rows."""
    frames = {name: _frame(name, folder) for name in ("headline", "table2")}
    runs: dict[str, list[str]] = {}
    for run in (
        runs_of("headline", plan, folder).done if "headline" in plan.runs_of else ()
    ):
        runs.setdefault(run.method, []).append(run.id)
    lost = differences(frames["headline"], "loss", runs)
    return {
        "lost": lost,
        "above": differences(frames["headline"], "gain", runs),
        "names": {method: METHODS[method].label for method in lost},
        "settings": _settings(),
        "attack": attack_label(ATTACK, plan.scale.attack.test_steps),
        "data": plan.scale.data[plan.scale.roles.ten_classes],
        "verdicts": Counter(
            row["verdict"] for row in claims if row["kind"] == "empirical"
        ),
        "groups": [
            attack_label(name, plan.scale.attack.test_steps) for name in ATTACKS
        ],
        "rows": table(frames["table2"], runs),
        "images": _images(frames["table2"]),
    }


def _frame(name: str, folder: Path) -> pd.DataFrame:
    """A collected frame; an empty one where it is not there."""
    collected = folder / "collected"
    if not is_collected(name, collected):
        return pd.DataFrame()
    return frames_of(name, collected)[name]


def differences(
    headline: pd.DataFrame, kind: str, runs: dict[str, list[str]]
) -> dict[str, Difference]:
    """Return method -> its `loss` (best minus final) or `gain` (final minus PGD-AT's final) under PGD, in points.

    The interval is over seeds (Student); of one seed over images, as it was collected.
    """
    if headline.empty:
        return {}
    found = {}
    for method, paper in _TOLD.items():
        part = headline[(headline["method"] == method) & (headline["attack"] == ATTACK)]
        if part.empty:
            continue
        values = (100 * part[f"{kind}_difference"]).tolist()
        if len(values) > 1:
            ends = mean_interval(values)
        else:
            low, high = (
                100 * float(part[f"{kind}_{end}"].iloc[0]) for end in ("low", "high")
            )
            ends = (values[0], low, high)
        theirs = _paper_loss(paper) if kind == "loss" else _paper_gain(paper)
        behind = runs.get(method, []) + (
            runs.get(BASELINE, []) if kind == "gain" else []
        )
        found[method] = Difference(*ends, len(values), theirs, tuple(behind))
    return found


def _paper_loss(method: str) -> float | None:
    return paper_values(method).get((ATTACK, "diff"))


def _paper_gain(method: str) -> float | None:
    ours, base = (
        paper_values(name).get((ATTACK, "final")) for name in (method, BASELINE)
    )
    return None if ours is None or base is None else round(ours - base, 1)


def paper_values(method: str) -> dict[tuple[str, str], float]:
    """Return (attack, checkpoint) -> the paper's percentage in its Table 2 on ten classes; "diff" is best - final."""
    rows = published_rows()
    rows = rows[(rows["source"] == "paper") & (rows["artifact"] == "table2")]
    rows = rows[(rows["dataset"] == PAPERS_DATA[TEN]) & (rows["method"] == method)]
    keys = zip(rows["attack"], rows["checkpoint"], strict=True)
    return dict(zip(keys, rows["accuracy_percent"], strict=True))


def table(accuracies: pd.DataFrame, runs: dict[str, list[str]]) -> list[dict[str, Any]]:
    """Return a row for each method of `runs`: ours and the paper's value of each attack at best, final and their
    difference, seed by seed; "not run" where a number is missing."""
    rows = []
    for method, ids in runs.items():
        paper = paper_values(_TOLD.get(method, method))
        ours = (
            accuracies[(accuracies["role"] == TEN) & (accuracies["method"] == method)]
            if len(accuracies)
            else accuracies
        )
        cells = [
            {
                "ours": percent(_values(ours, attack, checkpoint)),
                "paper": _printed(paper.get((attack, checkpoint))),
            }
            for attack in ATTACKS
            for checkpoint in _CHECKPOINTS
        ]
        rows.append(
            {
                "method": METHODS[method].label,
                "cells": cells,
                "seeds": len(ids),
                "runs": ids,
            }
        )
    return rows


def _values(ours: pd.DataFrame, attack: str, checkpoint: str) -> pd.Series:
    """One fraction a seed."""
    if ours.empty:
        return pd.Series(dtype=float)
    wide = ours[ours["attack"] == attack].pivot(
        index="seed", columns="checkpoint", values="accuracy"
    )
    wide = wide.reindex(columns=["best", "final"]).dropna()
    return wide["best"] - wide["final"] if checkpoint == "diff" else wide[checkpoint]


def _printed(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _images(accuracies: pd.DataFrame) -> dict[str, int]:
    """Attack -> on how many test images, the most of its rows."""
    if accuracies.empty:
        return {}
    counts = accuracies[accuracies["role"] == TEN].groupby("attack")["num_images"].max()
    return {str(attack): int(count) for attack, count in counts.items()}


def _settings() -> dict[str, str]:
    """Method -> r and T of its labels."""
    words = {}
    for method in _TOLD:
        settings: Any = METHODS[method]()
        if hasattr(settings, "r"):
            words[method] = f"r = {settings.r:g}, T = {settings.temperature:g}"
    return words
