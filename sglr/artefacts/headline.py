"""The central finding: what each method loses after its best epoch, and what it wins over PGD-AT."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from sglr.artefacts.cells import Cell, cell_of
from sglr.artefacts.words import marked, said_of_collapse
from sglr.collected.entries import robust_answers
from sglr.collected.paired import mean_interval, paired_difference
from sglr.collected.runs import Runs
from sglr.files.errors import NotYet
from sglr.methods import METHODS
from sglr.plan.names import ROBUST, attack_label
from sglr.plan.runs import Run
from sglr.plan.scales import Scale

TITLE = "The central finding"
CAPTION = (
    "What each method loses between its best and its last epoch, and what it ends above PGD-AT, compared on the same "
    "images."
)
READS = ("evaluation.json",)
COLLECTED = ("headline",)
BENEATH = "95 % interval"

# (checkpoint, attack) -> which images stayed correct.
Images = dict[tuple[str, str], str]


def collect(runs: Runs) -> dict[str, Any]:
    """Return a row for each run and attack: accuracies, best - final, and final - PGD-AT's final, with intervals.

    Seeds without PGD-AT are left out, and so is an attack that either was not measured under. Raises NotYet where
    nothing is left.
    """
    correct: dict[Run, Images] = {}
    baseline: dict[int, Images] = {}
    for run in runs.done:
        correct[run] = robust_answers(runs.json(run, "evaluation.json"))
        if run.method == "at":
            baseline[run.seed] = correct[run]
    rows = []
    for run, images in correct.items():
        origin, against = _origin(run), baseline.get(run.seed, {})
        for attack in ROBUST:
            if ("final", attack) in images.keys() & against.keys():
                rows.append(origin | _row(attack, images, against) | runs.mark(run))
    if not rows:
        raise NotYet(
            "headline: no seed of it has PGD-AT evaluated yet, beside which all stand"
        )
    return {"headline": pd.DataFrame(rows)}


def _origin(run: Run) -> dict[str, Any]:
    return {"method": run.method, "seed": run.seed}


def _row(attack: str, images: Images, baseline: Images) -> dict[str, Any]:
    best, final = images["best", attack], images["final", attack]
    loss = paired_difference(best, final)
    gain = paired_difference(final, baseline["final", attack])
    return {
        "attack": attack,
        "num_images": len(final),
        "best": _share(best),
        "final": _share(final),
        **{f"loss_{key}": value for key, value in loss.items()},
        **{f"gain_{key}": value for key, value in gain.items()},
    }


def _share(bits: str) -> float:
    return bits.count("1") / len(bits)


def numbers(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return a row for each method, attack and quantity, in percent or points: `loss` is best
    minus final, `gain` final minus PGD-AT's final."""
    rows = []
    for (method, attack), part in _parts(frames["headline"]):
        for quantity in ("best", "final", "loss", "gain"):
            if (method, quantity) == ("at", "gain"):
                continue
            row = {"method": method, "attack": attack, "quantity": quantity}
            rows.append(row | _numbers(part, quantity))
    return pd.DataFrame(rows).astype({"num_seeds": "Int64", "num_images": "Int64"})


def _parts(frame: pd.DataFrame) -> Iterator[tuple[tuple[str, str], pd.DataFrame]]:
    for (method, attack), part in frame.groupby(["method", "attack"], sort=False):
        yield (str(method), str(attack)), part


def _numbers(part: pd.DataFrame, quantity: str) -> dict[str, Any]:
    """Mean, deviation, interval and what it is over, p-value of one seed, counts."""
    differs = quantity in ("loss", "gain")
    values = 100 * part[f"{quantity}_difference" if differs else quantity]
    several = len(values) > 1
    low, high, over, p_value = None, None, None, None
    if differs and several:
        over = "seeds"
        _, low, high = mean_interval(values.tolist())
    elif differs:
        over, only = "images", part.iloc[0]
        low, high = 100 * only[f"{quantity}_low"], 100 * only[f"{quantity}_high"]
        p_value = only[f"{quantity}_p_value"]
    return {
        "mean": values.mean(),
        "standard_deviation": values.std() if several else None,
        "low": low,
        "high": high,
        "interval_over": over,
        "p_value": p_value,
        "num_seeds": len(values),
        "num_images": part["num_images"].iloc[0],
    }


def tabulate(frames: dict[str, pd.DataFrame], scale: Scale) -> pd.DataFrame:
    """Return a row for each method, which the index has: under each attack best, final, and
    both differences with their intervals."""
    frame, rows = frames["headline"], {}
    for method, ours in frame.groupby("method", sort=False):
        label = marked(METHODS[str(method)].label, ours)
        row: dict[tuple[str, str], Any] = {("", "method"): label}
        row["", "seeds"] = str(ours["seed"].nunique())
        for attack, part in ours.groupby("attack", sort=False):
            group = attack_label(str(attack), scale.attack.test_steps)
            row[group, "best"] = cell_of(part["best"])
            row[group, "final"] = cell_of(part["final"])
            row[group, "best - final"] = _interval(part, "loss")
            gain = "" if method == "at" else _interval(part, "gain")
            row[group, "over PGD-AT"] = gain
        rows[method] = row
    index = pd.Index(list(rows), name="method")
    table = pd.DataFrame(list(rows.values()), index)
    return table.set_axis(pd.MultiIndex.from_tuples(table.columns), axis="columns")


def _interval(part: pd.DataFrame, quantity: str) -> Cell:
    found = _numbers(part, quantity)
    beneath = f"[{found['low']:+.1f}, {found['high']:+.1f}]"
    if found["p_value"] is not None:
        beneath += f", p = {found['p_value']:.2g}"
    return Cell(found["mean"], None, beneath, signed=True)


def note(frames: dict[str, pd.DataFrame], scale: Scale) -> str:
    """Return what stands above the table."""
    counts = frames["headline"].groupby("attack", sort=False)["num_images"].max()
    seen = []
    for attack, count in counts.items():
        label = attack_label(str(attack), scale.attack.test_steps)
        seen.append(f"{label} on {count}")
    words = [
        f"Headline ({scale.label}); accuracies and differences in percent",
        f"{', '.join(seen)} test images; best is chosen on test images",
        "over PGD-AT: final minus PGD-AT's final",
        "differences on the same images and seeds, with a 95 % interval: of one seed over images (bootstrap) "
        "with McNemar's exact p-value, of several over seeds (t)",
    ]
    return "; ".join(words) + said_of_collapse(frames["headline"])
