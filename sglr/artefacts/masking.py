"""Signs of masked gradients: which of the tables' accuracies may flatter their network."""

from typing import Any

import pandas as pd

from sglr.collected.runs import Runs
from sglr.plan.masking import flags, pgd_gap, square_takes, unchecked
from sglr.plan.names import attack_label
from sglr.plan.scales import Scale

TITLE = "Masked gradients"
CAPTION = (
    "Signs that an attack was led astray rather than withstood, as AutoAttack and RobustBench flag them, in each "
    "network whose accuracies Tables 2 and 3, and that of early refinement, show."
)
READS = ("evaluation.json",)
COLLECTED = ("masking",)


def collect(runs: Runs) -> dict[str, Any]:
    """Return a row for each evaluated run and checkpoint."""
    rows = []
    for run in runs.done:
        entries = runs.json(run, "evaluation.json")["checkpoints"]
        for name, entry in entries.items():
            rows.append({"run": run.id, "checkpoint": name} | _signs(entry))
    return {"masking": pd.DataFrame(rows)}


def _signs(entry: dict[str, Any]) -> dict[str, Any]:
    gradients = entry.get("gradients") or {}
    return {
        "pgd_gap": pgd_gap(entry),
        "square_takes": square_takes(entry),
        "apgd_stuck": gradients.get("apgd_stuck"),
        "vanishing": gradients.get("vanishing"),
        "flags": "; ".join(flags(entry)) or "none",
        "unchecked": ", ".join(unchecked(entry)) or "none",
    }


def numbers(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return a row for each run and checkpoint."""
    return frames["masking"]


def tabulate(frames: dict[str, pd.DataFrame], scale: Scale) -> pd.DataFrame:
    """Return a row for each run and checkpoint."""
    pgd = attack_label("pgd20", scale.attack.test_steps)
    rows = [
        {
            "run": row["run"],
            "checkpoint": row["checkpoint"],
            f"{pgd} - AutoAttack, same images": _points(row["pgd_gap"]),
            "taken by Square": _points(row["square_takes"]),
            "APGD's loss not raised": _count(row["apgd_stuck"]),
            "vanishing gradients": _count(row["vanishing"]),
            "flags": row["flags"],
        }
        for row in frames["masking"].to_dict("records")
    ]
    return pd.DataFrame(rows)


def _points(share: float) -> str:
    return "not looked for" if pd.isna(share) else f"{100 * share:+.1f}"


def _count(number: float) -> str:
    return "not looked for" if pd.isna(number) else f"{number:.0f}"


def note(frames: dict[str, pd.DataFrame], scale: Scale) -> str:
    """Return what stands above the table: how many have a flag, and in how many something was not looked for."""
    frame = frames["masking"]
    flagged = (frame["flags"] != "none").sum()
    words = [
        f"Masked gradients ({scale.label}): {flagged} of {len(frame)} networks have a flag"
    ]
    for missing, rows in frame.groupby("unchecked"):
        if missing != "none":
            words.append(f"not looked for in {len(rows)}: {missing}")
    return "; ".join(
        [
            *words,
            "in points of accuracy and in images; flags: PGD more than 6 points above AutoAttack, Square taking more "
            "than 0.2 of what the white-box attacks left, an image whose loss APGD does not raise or without gradient",
        ]
    )
