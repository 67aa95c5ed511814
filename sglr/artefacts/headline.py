"""The central finding: what each method loses after its best epoch, and what it wins over PGD-AT."""

from typing import Any

import pandas as pd

from sglr.artefacts.words import marked, percent, said_of_collapse
from sglr.collected.paired import correct_images, mean_interval, paired_difference
from sglr.collected.runs import Runs
from sglr.methods import METHODS
from sglr.plan.names import ROBUST, attack_label
from sglr.plan.scales import Scale

TITLE = "The central finding"
CAPTION = (
    "What each method loses between its best and its last epoch, and what it ends above PGD-AT, compared on the same "
    "images."
)
READS = ("evaluation.json",)
COLLECTED = ("headline",)

# (checkpoint, attack) -> which images stayed correct.
Images = dict[tuple[str, str], str]


def collect(runs: Runs) -> dict[str, Any]:
    """Return a row for each run and attack: accuracies, best - final, and final - PGD-AT's final, with intervals.

    Seeds without PGD-AT are left out.
    """
    correct = {
        run: correct_images(runs.json(run, "evaluation.json")) for run in runs.done
    }
    baseline = {
        run.seed: images for run, images in correct.items() if run.method == "at"
    }
    rows = []
    for run, images in correct.items():
        if run.seed in baseline:
            for attack in ROBUST:
                rows.append(
                    {"method": run.method, "seed": run.seed}
                    | _row(attack, images, baseline[run.seed])
                    | runs.mark(run)
                )
    return {"headline": pd.DataFrame(rows)}


def _row(attack: str, images: Images, baseline: Images) -> dict[str, Any]:
    best, final = images["best", attack], images["final", attack]
    loss, gain = (
        paired_difference(best, final),
        paired_difference(final, baseline["final", attack]),
    )
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


def tabulate(frames: dict[str, pd.DataFrame], scale: Scale) -> pd.DataFrame:
    """Return a row for each method and attack; the index has both."""
    rows, keys = [], []
    for (method, attack), part in frames["headline"].groupby(
        ["method", "attack"], sort=False
    ):
        rows.append(
            {
                "method": marked(METHODS[str(method)].label, part),
                "seeds": len(part),
                "accuracy": attack_label(str(attack), scale.attack.test_steps),
                "images": part["num_images"].iloc[0],
                "best": percent(part["best"]),
                "final": percent(part["final"]),
                "best - final": _interval(part, "loss"),
                "final - PGD-AT's final": ""
                if method == "at"
                else _interval(part, "gain"),
            }
        )
        keys.append((method, attack))
    return pd.DataFrame(
        rows, index=pd.MultiIndex.from_tuples(keys, names=["method", "attack"])
    )


def _interval(part: pd.DataFrame, name: str) -> str:
    differences = part[f"{name}_difference"].tolist()
    if len(part) > 1:
        mean, low, high = (100 * value for value in mean_interval(differences))
        return f"{mean:+.1f} [{low:+.1f}, {high:+.1f}]"
    row = part.iloc[0]
    low, high = 100 * row[f"{name}_low"], 100 * row[f"{name}_high"]
    return f"{100 * differences[0]:+.1f} [{low:+.1f}, {high:+.1f}], p = {row[f'{name}_p_value']:.2g}"


def note(frames: dict[str, pd.DataFrame], scale: Scale) -> str:
    """Return what stands above the table."""
    return (
        f"Headline ({scale.label}); accuracies and differences in percent; differences on the same images and seeds, "
        "with a 95 % interval: of one seed over images (bootstrap) with McNemar's exact p-value, of several over seeds "
        "(t); best is chosen on test images" + said_of_collapse(frames["headline"])
    )
