"""The paper's central finding in one table: what each method loses between its best and its last epoch, and what it
wins over PGD-AT, on the same images. Imports no torch."""

from pathlib import Path
from typing import Any

import pandas as pd

from sglr.artefacts.tables import percent, write_table
from sglr.collected.paired import correct_images, mean_interval, paired_difference
from sglr.files.records import read_json
from sglr.methods import METHODS
from sglr.plan.runs import Run

_ATTACKS = {"pgd20": "PGD-20", "autoattack": "AutoAttack"}


def compare(runs: list[Run], folder: Path) -> pd.DataFrame:
    """Return a row for each run and attack: accuracies, best - final, and final - PGD-AT's final, with intervals.

    `folder` is results/{scale}, with the evaluations of `runs`. Seeds without PGD-AT are left out.
    """
    read = {run: read_json(folder / "runs" / run.id / "evaluation.json") for run in runs}
    correct = {run: correct_images(evaluation) for run, evaluation in read.items()}
    baseline = {run.seed: images for run, images in correct.items() if run.method == "at"}
    correct = {run: images for run, images in correct.items() if run.seed in baseline}
    return pd.DataFrame(
        {"method": run.method, "seed": run.seed} | _row(attack, images, baseline[run.seed])
        for run, images in correct.items()
        for attack in _ATTACKS
    )


def _row(attack: str, images: dict[tuple[str, str], str], baseline: dict[tuple[str, str], str]) -> dict[str, Any]:
    best, final = images["best", attack], images["final", attack]
    row: dict[str, Any] = {"attack": attack, "num_images": len(final)}
    row |= {name: bits.count("1") / len(bits) for name, bits in (("best", best), ("final", final))}
    for name, difference in (
        ("loss", paired_difference(best, final)),
        ("gain", paired_difference(final, baseline["final", attack])),
    ):
        row |= {f"{name}_{key}": value for key, value in difference.items()}
    return row


def render(collected: Path, label: str, out: Path) -> None:
    """Write out/headline.csv, .md and .tex from collected/headline.csv."""
    frame = pd.read_csv(collected / "headline.csv")
    rows = [
        {
            "method": METHODS[str(method)].label,
            "seeds": len(part),
            "accuracy": _ATTACKS[str(attack)],
            "images": part["num_images"].iloc[0],
            "best": percent(part["best"]),
            "final": percent(part["final"]),
            "best - final": _interval(part, "loss"),
            "final - PGD-AT's final": "" if method == "at" else _interval(part, "gain"),
        }
        for (method, attack), part in frame.groupby(["method", "attack"], sort=False)
    ]
    title = (
        f"Headline ({label}); accuracies and differences in percent; differences on the same images and seeds, with a "
        "95 % interval: of one seed over images (bootstrap) with McNemar's exact p-value, of several over seeds (t); "
        "best is chosen on test images"
    )
    write_table(pd.DataFrame(rows), title, label, out / "headline")


def _interval(part: pd.DataFrame, name: str) -> str:
    differences = part[f"{name}_difference"].tolist()
    if len(part) > 1:
        return "{:+.1f} [{:+.1f}, {:+.1f}]".format(*(100 * value for value in mean_interval(differences)))
    row = part.iloc[0]
    low, high = 100 * row[f"{name}_low"], 100 * row[f"{name}_high"]
    return f"{100 * row[f'{name}_difference']:+.1f} [{low:+.1f}, {high:+.1f}], p = {row[f'{name}_p_value']:.2g}"
