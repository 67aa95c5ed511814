"""Table 4: r, the share of the label that the prediction takes, and the temperature T."""

from typing import Any

import pandas as pd

from sglr.artefacts.accuracies import collect_accuracies, images
from sglr.artefacts.words import percent
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


def collect(runs: Runs) -> dict[str, Any]:
    """Return a row for each run, checkpoint and attack; r = 0 has no temperature, its run fills every one's cell."""
    rows = collect_accuracies(runs)
    temperatures = sorted({row["temperature"] for row in rows})
    shared = [
        row | {"temperature": value}
        for row in rows
        if row["r"] == 0
        for value in temperatures
    ]
    return {"table4": [row for row in rows if row["r"] != 0] + shared}


def tabulate(frames: dict[str, pd.DataFrame], scale: Scale) -> pd.DataFrame:
    """Return a row for each temperature and attack, a column for each r; the final checkpoint."""
    frame, published = frames["table4"], published_rows()
    final = frame[frame["checkpoint"] == "final"]
    published = published[published["artifact"] == "table4"]
    rows, measured = [], []
    for temperature in sorted(frame["temperature"].unique()):
        for attack in ("natural", "pgd20"):
            ours, paper = (
                part[(part["temperature"] == temperature) & (part["attack"] == attack)]
                for part in (final, published)
            )
            row = {
                "temperature": f"{temperature:g}",
                "accuracy": attack_label(attack, scale.attack.test_steps),
            }
            for r in sorted(frame["r"].unique()):
                value = paper[paper["r"].round(3) == round(r, 3)]["accuracy_percent"]
                row[f"r={r:g}"] = percent(ours[ours["r"] == r]["accuracy"])
                row[f"paper r={r:g}"] = f"{value.iloc[0]:.1f}" if len(value) else ""
            rows.append(row)
            measured.append(len(ours) > 0)
    return pd.DataFrame(rows, index=pd.Index(measured, name="measured"))


def note(frames: dict[str, pd.DataFrame], scale: Scale) -> str:
    """Return what stands above the table."""
    frame = frames["table4"]
    # Runs shared with Table 2 have it, too.
    seen = images(frame[frame["attack"] != "autoattack"], scale)
    return f"{TITLE} ({scale.label}); accuracies in percent, paper: the paper's CIFAR value; {seen}"
