"""Accuracies of runs' checkpoints, as Tables 2, 3 and 4 collect, number and print them."""

from typing import Any

import pandas as pd

from sglr.artefacts.cells import Cell, cell_of, with_best
from sglr.artefacts.words import marked, said_of_collapse
from sglr.collected.published import published_rows
from sglr.collected.runs import Runs
from sglr.methods import METHODS
from sglr.plan.names import ATTACKS, CHECKPOINTS, PAPERS_DATA, TEN, attack_label
from sglr.plan.runs import Run
from sglr.plan.scales import Scale

Row = dict[str, Any]
DIFFERENCE = "difference"  # best (test-selected) minus final, seed by seed
_PRINTED = {"best": "best", "final": "final", DIFFERENCE: "diff"}
_PAPERS = {"best": "best", "final": "final", DIFFERENCE: "diff"}


def collect_accuracies(runs: Runs) -> list[Row]:
    """Return one row for each run, checkpoint and attack; one without either for a run that is not done."""
    rows = []
    for run in runs.shown:
        origin = _origin(run, runs.scale)
        if run in runs.done:
            origin |= runs.mark(run)
            evaluation = runs.json(run, "evaluation.json")
            rows += [origin | row for row in _measured(evaluation)]
        else:
            rows.append(origin)
    return rows


def _origin(run: Run, scale: Scale) -> Row:
    settings = run.method_settings()
    return {
        "dataset": run.dataset,
        "role": TEN if run.dataset == scale.roles.ten_classes else "hundred_classes",
        "method": run.method,
        "r": getattr(settings, "r", None),
        "temperature": getattr(settings, "temperature", None),
        "seed": run.seed,
    }


def _measured(evaluation: Row) -> list[Row]:
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


def number_methods(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """Return a row for each data set, method, attack and checkpoint: mean, deviation, seeds,
    images, and the value of `table` in the paper, in percent."""
    rows = []
    keys = ["dataset", "role", "method"]
    for (dataset, role, method), part in frame.groupby(keys, sort=False):
        paper = papers(table, str(role), str(method))
        for attack in ATTACKS:
            ours = part[part["attack"] == attack]
            for checkpoint in (*CHECKPOINTS, DIFFERENCE):
                key = (attack, _PAPERS.get(checkpoint, ""))
                row = {"dataset": dataset, "method": method, "attack": attack}
                row |= {"checkpoint": checkpoint} | numbers_of(at(ours, checkpoint))
                images = ours["num_images"].iloc[0] if len(ours) else None
                rows.append(row | {"num_images": images, "paper": paper.get(key)})
    return as_integers(pd.DataFrame(rows))


def numbers_of(values: pd.Series) -> Row:
    """Return mean, standard deviation and number of seeds of fractions, in percent."""
    points = 100 * values
    deviation = points.std() if len(points) > 1 else None
    mean = points.mean() if len(points) else None
    return {"mean": mean, "standard_deviation": deviation, "num_seeds": len(points)}


def as_integers(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with its counts as integers, unknown where nothing was run."""
    counts = [name for name in frame if str(name).startswith("num_")]
    return frame.astype(dict.fromkeys(counts, "Int64"))


def tabulate_methods(frame: pd.DataFrame, table: str, scale: Scale) -> pd.DataFrame:
    """Return a row for each data set and method: under each attack best, final and their
    difference, the paper's beneath, the best of each data set marked.

    The index has role, method, and whether anything was measured.
    """
    parts = []
    for dataset, part in frame.groupby("dataset", sort=False):
        rows = {
            (role, method, bool(ours["attack"].notna().any())): _cells(ours, table)
            for (role, method), ours in part.groupby(["role", "method"], sort=False)
        }
        index = pd.MultiIndex.from_tuples(rows, names=["role", "method", "measured"])
        cells = pd.DataFrame(list(rows.values()), index=index)
        named: dict[tuple[str, str], Any] = {
            ("", "data"): dataset,
            ("", "method"): [_label(part, method) for _, method, _ in index],
            ("", "seeds"): [_seeds(part, method) for _, method, _ in index],
        }
        for attack, checkpoint in cells:
            group = attack_label(attack, scale.attack.test_steps)
            column = list(cells[attack, checkpoint])
            # A large negative difference of natural accuracy is a poor best checkpoint.
            if (attack, checkpoint) != ("natural", DIFFERENCE):
                column = with_best(column, smallest=checkpoint == DIFFERENCE)
            named[group, _PRINTED[checkpoint]] = column
        parts.append(pd.DataFrame(named, index=index))
    return pd.concat(parts)


def _cells(ours: pd.DataFrame, table: str) -> dict[tuple[str, str], Cell]:
    """The cells of one method."""
    role, method = (str(ours[name].iloc[0]) for name in ("role", "method"))
    paper = papers(table, role, method)
    cells = {}
    for attack in ATTACKS:
        rows = ours[ours["attack"] == attack]
        for checkpoint in _PRINTED:
            theirs = paper.get((attack, _PAPERS[checkpoint]))
            beneath = "" if theirs is None else f"{theirs:.1f}"
            cells[attack, checkpoint] = cell_of(at(rows, checkpoint), beneath)
    return cells


def _label(part: pd.DataFrame, method: str) -> str:
    return marked(METHODS[method].label, part[part["method"] == method])


def _seeds(part: pd.DataFrame, method: str) -> str:
    """How many seeds of a method were run; "" for none."""
    found = part[(part["method"] == method) & part["attack"].notna()]
    return str(found["seed"].nunique()) if len(found) else ""


def at(ours: pd.DataFrame, checkpoint: str) -> pd.Series:
    """Return the accuracies of a checkpoint, or best minus final, seed by seed; none where either is missing."""
    if checkpoint != DIFFERENCE:
        return ours[ours["checkpoint"] == checkpoint]["accuracy"]
    wide = ours.pivot(index="seed", columns="checkpoint", values="accuracy")
    wide = wide.reindex(columns=["best", "final"]).dropna()
    return wide["best"] - wide["final"]


def papers(table: str, role: str, method: str) -> dict[tuple[str, str], float]:
    """Return the paper's percentages of a row of `table`, by attack and checkpoint; the released code has SGLR's."""
    rows = published_rows()
    named = "sglr" if method == "sglr_released" else method
    wanted = (rows["artifact"] == table) & (rows["dataset"] == PAPERS_DATA[role])
    rows = rows[wanted & (rows["method"] == named)]
    keys = zip(rows["attack"], rows["checkpoint"], strict=True)
    return dict(zip(keys, rows["accuracy_percent"], strict=True))


def note_methods(title: str, frame: pd.DataFrame, scale: Scale) -> str:
    """Return what stands above Tables 2 and 3."""
    pgd = attack_label("pgd20", scale.attack.test_steps)
    words = [
        f"{title} ({scale.label}); accuracies in percent, mean ± standard deviation over seeds",
        "beside or beneath them the paper's CIFAR values",
        "best: chosen on test images, diff: best minus final",
        images(frame, scale),
        f"on fewer images AutoAttack can lie above {pgd}",
    ]
    return "; ".join(words) + said_of_collapse(frame)


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
