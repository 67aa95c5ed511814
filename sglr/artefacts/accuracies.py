"""Accuracies of runs' checkpoints, as Tables 2, 3 and 4 collect, number and print them."""

from itertools import product
from typing import Any

import pandas as pd

from sglr.artefacts.cells import Cell, cell_of, with_best
from sglr.artefacts.words import marked, said_of_collapse
from sglr.collected.entries import accuracies_of
from sglr.collected.published import published_rows
from sglr.collected.runs import Runs
from sglr.methods import METHODS
from sglr.plan.names import (
    ATTACKS,
    CHECKPOINTS,
    HUNDRED,
    PAPERS_DATA,
    STOPPED,
    TEN,
    attack_label,
)
from sglr.plan.runs import Run
from sglr.plan.scales import Scale

Row = dict[str, Any]
DIFFERENCE = "difference"  # best (test-selected) minus final, seed by seed
# What tables, and the paper's rows, call what is printed.
_PRINTED = {"best": "best", "final": "final", DIFFERENCE: "diff"}


def collect_accuracies(
    runs: Runs, settings: tuple[str, ...] = ("r", "temperature")
) -> list[Row]:
    """Return one row for each run, checkpoint and attack, with the method's `settings`; one without checkpoint and
    attack for a run that is not done."""
    rows = []
    for run in runs.shown:
        origin = _origin(run, runs.scale, settings)
        if run in runs.done:
            origin |= runs.mark(run)
            evaluation = runs.json(run, "evaluation.json")
            rows += [origin | row for row in _measured(evaluation)]
        else:
            rows.append(origin)
    return rows


def _origin(run: Run, scale: Scale, settings: tuple[str, ...]) -> Row:
    own = run.method_settings()
    ten = run.dataset == scale.roles.ten_classes
    return {
        "dataset": run.dataset,
        "role": TEN if ten else HUNDRED,
        "method": run.method,
        **{name: getattr(own, name, None) for name in settings},
        "seed": run.seed,
    }


def _measured(evaluation: Row) -> list[Row]:
    """The accuracies of an evaluation.json."""
    rows = []
    for checkpoint, entry in evaluation["checkpoints"].items():
        for attack, accuracy in accuracies_of(entry).items():
            if accuracy is None:
                continue
            measured = entry["autoattack"] if attack == "autoattack" else entry
            row = {"checkpoint": checkpoint, "attack": attack, "accuracy": accuracy}
            rows.append(row | {"num_images": measured["num_images"]})
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
            images = ours["num_images"].iloc[0] if len(ours) else None
            for checkpoint in (*CHECKPOINTS, DIFFERENCE):
                theirs = paper.get((attack, _PRINTED.get(checkpoint, "")))
                row = {"dataset": dataset, "method": method, "attack": attack}
                row |= {"checkpoint": checkpoint} | numbers_of(at(ours, checkpoint))
                rows.append(row | {"num_images": images, "paper": theirs})
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
        methods = {}
        for (role, method), ours in part.groupby(["role", "method"], sort=False):
            measured = bool(ours["attack"].notna().any())
            methods[role, method, measured] = ours
        parts.append(_tabulate(str(dataset), methods, table, scale))
    return pd.concat(parts)


def _tabulate(
    dataset: str, methods: dict[Any, pd.DataFrame], table: str, scale: Scale
) -> pd.DataFrame:
    """The rows of one data set, one for each of `methods`."""
    rows = list(methods.values())
    columns = {
        ("", "data"): [dataset] * len(rows),
        ("", "method"): [_label(ours) for ours in rows],
        ("", "seeds"): [seeds_of(ours) for ours in rows],
        **columns_of(rows, table, scale),
    }
    names = ["role", "method", "measured"]
    return pd.DataFrame(columns, pd.MultiIndex.from_tuples(methods, names=names))


def columns_of(
    rows: list[pd.DataFrame], table: str, scale: Scale
) -> dict[tuple[str, str], list[Any]]:
    """Return the columns of accuracies, a cell for each of `rows`, which are the accuracies of one kind of run: under
    each attack best, final and their difference, the best of each marked, the value of the paper's `table` beneath."""
    columns: dict[tuple[str, str], list[Any]] = {}
    for attack, checkpoint in product(ATTACKS, _PRINTED):
        group = attack_label(attack, scale.attack.test_steps)
        cells = [_cell(ours, table, attack, checkpoint) for ours in rows]
        # A large negative difference of natural accuracy is a poor best checkpoint.
        if (attack, checkpoint) != ("natural", DIFFERENCE):
            cells = with_best(cells, smallest=checkpoint == DIFFERENCE)
        columns[group, _PRINTED[checkpoint]] = cells
    return columns


def stopped_early(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a rival of ours: PGD-AT whose final network is its best by held-out images; none where that
    was not evaluated."""
    own = frame[frame["method"] == "at"]
    chosen = own[own["checkpoint"] == "best_validation"].assign(checkpoint="final")
    best = own[(own["checkpoint"] == "best") & own["seed"].isin(chosen["seed"])]
    return pd.concat([best, chosen]).assign(method=STOPPED)


def _label(ours: pd.DataFrame) -> str:
    method = ours["method"].iloc[0]
    stopped = f"{METHODS['at'].label}, stopped early (ours)"
    return marked(stopped if method == STOPPED else METHODS[method].label, ours)


def seeds_of(ours: pd.DataFrame) -> str:
    """Return how many seeds of a method were run; "" for none."""
    count = ours[ours["attack"].notna()]["seed"].nunique()
    return str(count or "")


def _cell(ours: pd.DataFrame, table: str, attack: str, checkpoint: str) -> Cell:
    """One method's accuracy, the paper's beneath it."""
    role, method = str(ours["role"].iloc[0]), str(ours["method"].iloc[0])
    theirs = papers(table, role, method).get((attack, _PRINTED[checkpoint]))
    accuracies = at(ours[ours["attack"] == attack], checkpoint)
    return cell_of(accuracies, "" if theirs is None else f"{theirs:.1f}")


def at(ours: pd.DataFrame, checkpoint: str) -> pd.Series:
    """Return the accuracies of a checkpoint, or best minus final, seed by seed; none where either is missing."""
    if checkpoint != DIFFERENCE:
        return ours[ours["checkpoint"] == checkpoint]["accuracy"]
    wide = ours.pivot(index="seed", columns="checkpoint", values="accuracy")
    wide = wide.reindex(columns=["best", "final"]).dropna()
    return wide["best"] - wide["final"]


def papers(table: str, role: str, method: str) -> dict[tuple[str, str], float]:
    """Return the paper's percentages of a row of `table`, by attack and checkpoint; the released code has SGLR's."""
    named = "sglr" if method == "sglr_released" else method
    rows = published_rows()
    rows = rows[rows["artifact"] == table]
    rows = rows[rows["dataset"] == PAPERS_DATA[role]]
    rows = rows[rows["method"] == named]
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
    pgd = attack_label("pgd20", scale.attack.test_steps)
    run = frame.dropna(subset=["num_images"])
    words = []
    for dataset, part in run.groupby("dataset", sort=False):
        slow = part["attack"] == "autoattack"
        fast = _counts(part[~slow])
        words.append(f"{dataset}: natural and {pgd} on {fast} test images")
        if slow.any():
            words.append(f"AutoAttack on {_counts(part[slow])}")
    return ", ".join(words)


def _counts(rows: pd.DataFrame) -> str:
    """The different numbers of images of `rows`, smallest first."""
    counts = sorted(rows["num_images"].unique())
    return " or ".join(f"{count:.0f}" for count in counts)
