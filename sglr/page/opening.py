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
from sglr.page.ledger import Interval, read_parts
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
    runs = _runs_by_method(plan, folder)
    lost = differences(frames["headline"], "loss", runs)
    return {
        "lost": lost,
        "above": differences(frames["headline"], "gain", runs),
        "stopped": (stopped := beside_stopped(folder)),
        "adds_natural_alone": adds_natural_alone(stopped),
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


def _runs_by_method(plan: Plan, folder: Path) -> dict[str, list[str]]:
    """Method -> the ids of the headline's runs; nothing where the plan has no headline."""
    found: dict[str, list[str]] = {}
    if "headline" in plan.runs_of:
        for run in runs_of("headline", plan, folder).done:
            found.setdefault(run.method, []).append(run.id)
    return found


def _frame(name: str, folder: Path) -> pd.DataFrame:
    """A collected frame; an empty one where it is not there."""
    collected = folder / "collected"
    if not is_collected(name, collected):
        return pd.DataFrame()
    return frames_of(name, collected)[name]


def differences(
    headline: pd.DataFrame, kind: str, runs: dict[str, list[str]]
) -> dict[str, Difference]:
    """Return method -> its `loss` (best minus final) or `gain` (final minus PGD-AT's final) under PGD, in points."""
    if headline.empty:
        return {}
    found = {}
    for method, paper in _TOLD.items():
        part = headline[(headline["method"] == method) & (headline["attack"] == ATTACK)]
        if part.empty:
            continue
        ends = _points(part, kind)
        theirs = _paper_loss(paper) if kind == "loss" else _paper_gain(paper)
        behind = runs.get(method, []) + (
            runs.get(BASELINE, []) if kind == "gain" else []
        )
        found[method] = Difference(*ends, len(part), theirs, tuple(behind))
    return found


def _points(part: pd.DataFrame, kind: str) -> tuple[float, float, float]:
    """The mean of a `loss` or `gain` in a method's rows of one attack, and its 95 % interval, in points.

    The interval is over seeds (Student); of one seed over images, as it was collected.
    """
    if len(part) > 1:
        return mean_interval((100 * part[f"{kind}_difference"]).tolist())
    (row,) = part.to_dict("records")
    mean, low, high = (
        100 * row[f"{kind}_{end}"] for end in ("difference", "low", "high")
    )
    return mean, low, high


def beside_stopped(folder: Path) -> dict[str, Interval]:
    """Return attack -> accuracy of SGLR's last epoch (released code) less that of PGD-AT stopped early by held-out
    images, in points; empty unless all three were judged in `folder`, results/{scale}."""
    parts = read_parts(folder / "claims_parts.csv")
    ids = {name: f"worth/sglr_released/early-stopping/{name}" for name in ATTACKS}
    found = {name: parts[claim][0] for name, claim in ids.items() if claim in parts}
    return found if len(found) == len(ATTACKS) else {}


def adds_natural_alone(stopped: dict[str, Interval]) -> bool:
    """Whether the intervals of `beside_stopped` say that SGLR has more natural accuracy than early stopping, and
    neither more nor less robustness."""
    ends = {
        attack: (found.low, found.high)
        for attack, found in stopped.items()
        if found.low is not None and found.high is not None
    }
    if len(ends) < len(ATTACKS):
        return False
    natural, *robust = (ends[attack] for attack in ATTACKS)
    return natural[0] > 0 and all(low <= 0 <= high for low, high in robust)


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
        rows.append(
            {
                "method": METHODS[method].label,
                "cells": _cells(ours, paper),
                "seeds": len(ids),
                "runs": ids,
            }
        )
    return rows


def _cells(
    ours: pd.DataFrame, paper: dict[tuple[str, str], float]
) -> list[dict[str, str]]:
    """A method's own accuracies beside the paper's, in percent."""
    return [
        {
            "ours": percent(_values(ours, attack, checkpoint)),
            "paper": _printed(paper.get((attack, checkpoint))),
        }
        for attack in ATTACKS
        for checkpoint in _CHECKPOINTS
    ]


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
    """Attack -> on how many test images, the most of its rows; 0 where it was not measured, or not collected yet."""
    counts: dict[str, int] = {}
    if len(accuracies):
        rows = accuracies[accuracies["role"] == TEN]
        counts = rows.groupby("attack")["num_images"].max().to_dict()
    return {attack: int(counts.get(attack, 0)) for attack in ATTACKS}


def _settings() -> dict[str, str]:
    """Method -> r and T of its labels."""
    words = {}
    for method in _TOLD:
        settings: Any = METHODS[method]()
        if hasattr(settings, "r"):
            words[method] = f"r = {settings.r:g}, T = {settings.temperature:g}"
    return words
