"""A judged network beside the scale's own runs, on the same images. Imports no torch."""

from pathlib import Path
from typing import Any

import pandas as pd

from sglr.collected.entries import accuracies_of, answers_of
from sglr.collected.paired import paired_difference
from sglr.collected.runs import Runs
from sglr.plan.names import ROBUST, attack_label
from sglr.plan.plan import Plan

_SHOWN = ("best", "final")


def beside(judged: dict[str, Any], plan: Plan, results: Path) -> pd.DataFrame:
    """Return a row for the judged network and one for each evaluated run's best and final network on its data set.

    `judged` is a judgement's record. Each of the others' rows says how far the judged network lies above it, on the
    same images, with a 95 % interval over images and McNemar's p-value. Runs on other test images are left out.
    """
    rows = [_row(judged["name"], "", judged["entry"], plan)]
    runs = _comparable(judged["data"], plan, results)
    for run in runs.done:
        images = runs.manifest(run).get("images_sha256", {})
        if images.get("test") != judged["images_sha256"]:
            continue
        entries = runs.json(run, "evaluation.json")["checkpoints"]
        for checkpoint in _SHOWN:
            if entry := entries.get(checkpoint):
                row = _row(run.id, checkpoint, entry, plan)
                rows.append(row | _above(judged["entry"], entry, plan))
    return pd.DataFrame(rows).fillna("")


def _comparable(dataset: str, plan: Plan, results: Path) -> Runs:
    """The plan's runs on this data set."""
    runs = tuple(run for run in plan.runs.values() if run.dataset == dataset)
    return Runs(plan, runs, ("evaluation.json",), results / plan.scale.name)


def _row(
    name: str, checkpoint: str, entry: dict[str, Any], plan: Plan
) -> dict[str, str]:
    row = {"network": name, "checkpoint": checkpoint}
    for attack, accuracy in accuracies_of(entry).items():
        words = "" if accuracy is None else f"{100 * accuracy:.1f}"
        row[_label(attack, plan)] = words
    return row


def _label(attack: str, plan: Plan) -> str:
    return attack_label(attack, plan.scale.attack.test_steps)


def _above(judged: dict[str, Any], other: dict[str, Any], plan: Plan) -> dict[str, str]:
    """The judged network minus the other, attack by attack."""
    ours, theirs = answers_of(judged), answers_of(other)
    row = {}
    for attack in ROBUST:
        one, two = ours[attack], theirs[attack]
        if one and two and len(one) == len(two):
            row[f"judged - it, {_label(attack, plan)}"] = _difference(one, two)
    return row


def _difference(one: str, other: str) -> str:
    found = paired_difference(one, other)
    points = {name: 100 * value for name, value in found.items()}
    ends = f"[{points['low']:+.1f}, {points['high']:+.1f}]"
    return f"{points['difference']:+.1f} {ends}, p = {found['p_value']:.2g}"
