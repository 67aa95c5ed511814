"""Accuracies of runs' checkpoints, as Tables 2, 3 and 4 collect and show them."""

from typing import Any

import pandas as pd

from sglr.artefacts.words import percent
from sglr.collected.published import published_rows
from sglr.collected.runs import Runs
from sglr.methods import METHODS
from sglr.plan.names import ATTACKS, PAPERS_DATA, TEN, attack_label
from sglr.plan.runs import Run
from sglr.plan.scales import Scale

_COLUMNS = {
    "best": "best (test)",
    "best_validation": "best (validation)",
    "final": "final",
}


def collect_accuracies(runs: Runs) -> list[dict[str, Any]]:
    """Return one row for each run, checkpoint and attack; one without either for a run that is not done."""
    rows = []
    for run in runs.shown:
        origin = _origin(run, runs.scale)
        if run in runs.done:
            rows += [
                origin | row for row in _measured(runs.json(run, "evaluation.json"))
            ]
        else:
            rows.append(origin)
    return rows


def _origin(run: Run, scale: Scale) -> dict[str, Any]:
    settings = run.method_settings()
    return {
        "dataset": run.dataset,
        "role": TEN if run.dataset == scale.roles.ten_classes else "hundred_classes",
        "method": run.method,
        "r": getattr(settings, "r", None),
        "temperature": getattr(settings, "temperature", None),
        "seed": run.seed,
    }


def _measured(evaluation: dict[str, Any]) -> list[dict[str, Any]]:
    """The accuracies of an evaluation.json."""
    rows = []
    for name, entry in evaluation["checkpoints"].items():
        natural, pgd, autoattack = (
            entry["natural_accuracy"],
            entry["pgd20_accuracy"],
            entry["autoattack"],
        )
        rows.append(
            {
                "checkpoint": name,
                "attack": "natural",
                "accuracy": natural,
                "num_images": entry["num_images"],
            }
        )
        rows.append(
            {
                "checkpoint": name,
                "attack": "pgd20",
                "accuracy": pgd,
                "num_images": entry["num_images"],
            }
        )
        if autoattack:
            found = {
                "accuracy": autoattack["accuracy"],
                "num_images": autoattack["num_images"],
            }
            rows.append({"checkpoint": name, "attack": "autoattack"} | found)
    return rows


def tabulate_methods(frame: pd.DataFrame, table: str, scale: Scale) -> pd.DataFrame:
    """Return a row for each data set, method and attack, the paper's values of `table` beside ours.

    The index has role, method, attack, and whether anything was measured.
    """
    rows, keys = [], []
    for (dataset, role, method), part in frame.groupby(
        ["dataset", "role", "method"], sort=False
    ):
        paper = _paper(
            table,
            PAPERS_DATA[str(role)],
            "sglr" if method == "sglr_released" else str(method),
        )
        for attack in ATTACKS:
            ours = part[part["attack"] == attack]
            row = {
                "data": dataset,
                "method": METHODS[str(method)].label,
                "accuracy": attack_label(attack, scale.attack.test_steps),
                "images": f"{ours['num_images'].iloc[0]:.0f}" if len(ours) else "",
            }
            for checkpoint, title in _COLUMNS.items():
                row[title] = percent(ours[ours["checkpoint"] == checkpoint]["accuracy"])
            row["diff"] = percent(_difference(ours))
            for checkpoint in ("best", "final", "diff"):
                row[f"paper {checkpoint}"] = paper.get((attack, checkpoint), "")
            rows.append(row)
            keys.append((role, method, attack, len(ours) > 0))
    return pd.DataFrame(
        rows,
        index=pd.MultiIndex.from_tuples(
            keys, names=["role", "method", "attack", "measured"]
        ),
    )


def note_methods(title: str, frame: pd.DataFrame, scale: Scale) -> str:
    """Return what stands above Tables 2 and 3."""
    pgd = attack_label("pgd20", scale.attack.test_steps)
    what = f"{title} ({scale.label}); accuracies in percent, paper: the paper's CIFAR value"
    return f"{what}; {images(frame, scale)}; on fewer images AutoAttack can lie above {pgd}"


def images(frame: pd.DataFrame, scale: Scale) -> str:
    """Return in words on how many test images each data set's accuracies were measured; those not run are left out.

    Natural and PGD accuracies are measured on the same images, AutoAttack's on fewer: it is slow.
    """
    pgd, words = attack_label("pgd20", scale.attack.test_steps), []
    for dataset, part in frame.dropna(subset=["num_images"]).groupby(
        "dataset", sort=False
    ):
        slow = part["attack"] == "autoattack"
        words.append(
            f"{dataset}: natural and {pgd} on {_counts(part[~slow])} test images"
        )
        if slow.any():
            words.append(f"AutoAttack on {_counts(part[slow])}")
    return ", ".join(words)


def _counts(rows: pd.DataFrame) -> str:
    """The different numbers of images of `rows`, smallest first."""
    return " or ".join(f"{count:.0f}" for count in sorted(rows["num_images"].unique()))


def _difference(ours: pd.DataFrame) -> pd.Series:
    """Best (test-selected) minus final, seed by seed; empty where either was not run."""
    wide = ours.pivot(index="seed", columns="checkpoint", values="accuracy")
    wide = wide.reindex(columns=["best", "final"]).dropna()
    return wide["best"] - wide["final"]


def _paper(table: str, dataset: str, method: str) -> dict[tuple[str, str], str]:
    """The paper's percentages of one row, by attack and checkpoint."""
    rows = published_rows()
    rows = rows[
        (rows["artifact"] == table)
        & (rows["dataset"] == dataset)
        & (rows["method"] == method)
    ]
    cells = zip(
        rows["attack"], rows["checkpoint"], rows["accuracy_percent"], strict=True
    )
    return {(attack, checkpoint): f"{value:.1f}" for attack, checkpoint, value in cells}
