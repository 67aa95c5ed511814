"""A judged network beside the scale's own runs, on the same images. Imports no torch."""

from pathlib import Path
from typing import Any

import pandas as pd

from sglr.collected.paired import paired_difference
from sglr.collected.runs import Runs
from sglr.plan.names import ATTACKS, attack_label
from sglr.plan.plan import Plan

_BITS = {"pgd20": "pgd20_correct", "autoattack": "correct"}
_SHOWN = ("best", "final")


def beside(judged: dict[str, Any], plan: Plan, results: Path) -> pd.DataFrame:
    """Return a row for the judged network and one for each evaluated run's best and final network on its data set.

    `judged` is a judgement's record. Each of the others' rows says how far the judged network lies above it, on the
    same images, with a 95 % interval over images and McNemar's p-value. Runs on other test images are left out.
    """
    rows = [_row(judged["name"], "", judged["entry"], plan)]
    planned = tuple(run for run in plan.runs.values() if run.dataset == judged["data"])
    folder = results / plan.scale.name
    runs = Runs(plan, planned, ("evaluation.json",), folder)
    for run in runs.done:
        images = runs.manifest(run).get("images_sha256", {})
        if images.get("test") != judged["images_sha256"]:
            continue
        entries = runs.json(run, "evaluation.json")["checkpoints"]
        for checkpoint in _SHOWN:
            if checkpoint in entries:
                row = _row(run.id, checkpoint, entries[checkpoint], plan)
                rows.append(row | _above(judged["entry"], entries[checkpoint], plan))
    return pd.DataFrame(rows).fillna("")


def _row(
    name: str, checkpoint: str, entry: dict[str, Any], plan: Plan
) -> dict[str, str]:
    attacked = entry["autoattack"] or {}
    found = (
        entry["natural_accuracy"],
        entry["pgd20_accuracy"],
        attacked.get("accuracy"),
    )
    row = {"network": name, "checkpoint": checkpoint}
    for attack, value in zip(ATTACKS, found, strict=True):
        row[_label(attack, plan)] = "" if value is None else f"{100 * value:.1f}"
    return row


def _label(attack: str, plan: Plan) -> str:
    return attack_label(attack, plan.scale.attack.test_steps)


def _above(judged: dict[str, Any], other: dict[str, Any], plan: Plan) -> dict[str, str]:
    """The judged network minus the other, attack by attack."""
    row = {}
    for attack, key in _BITS.items():
        one, two = (
            (entry["autoattack"] or {}).get(key)
            if attack == "autoattack"
            else entry[key]
            for entry in (judged, other)
        )
        if one and two and len(one) == len(two):
            found = paired_difference(one, two)
            low, high = 100 * found["low"], 100 * found["high"]
            row[f"judged - it, {_label(attack, plan)}"] = (
                f"{100 * found['difference']:+.1f} [{low:+.1f}, {high:+.1f}], p = {found['p_value']:.2g}"
            )
    return row
