"""Figure 2: learning curves by kind of label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from sglr.artefacts.words import course
from sglr.collected.runs import Runs
from sglr.methods import METHODS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "Figure 2"
CAPTION = (
    "Above, the label that one training example has in the last epoch; below, robust accuracy on training and test "
    "images, epoch by epoch, for hard, smoothed and refined labels."
)
READS = ("history.csv", "labels.csv", "manifest.json")
COLLECTED = ("figure2", "figure2_labels")

_EXAMPLE = 3  # the class whose first training example is shown


def collect(runs: Runs) -> dict[str, Any]:
    """Return the curves, and of seed 0 the labels of one example a class."""
    curves, labels = [], []
    for run in runs.done:
        history = runs.csv(run, "history.csv")
        history = history.rename(
            columns={"train_accuracy": "train", "test_robust_accuracy": "test"}
        )
        part = history.melt(
            ["method", "seed", "epoch"], ["train", "test"], "split", "accuracy"
        )
        steps = runs.json(run, "manifest.json")["run_settings"]["attack"]["curve_steps"]
        curves.append(part.assign(num_steps=steps, **runs.mark(run)))
        if run.seed == 0:
            labels.append(runs.csv(run, "labels.csv"))
    return {
        "figure2": pd.concat(curves),
        "figure2_labels": pd.concat(labels)[
            ["method", "class_index", "target_class", "probability"]
        ],
    }


def draw(frames: dict[str, pd.DataFrame]) -> Figure:
    """Draw a column a method: the label above, the curves below."""
    from sglr.artefacts import drawing

    curves, labels = frames["figure2"], frames["figure2_labels"]
    methods = list(dict.fromkeys(curves["method"]))
    figure, axes = drawing.panels(2, len(methods), 3 * len(methods), 5, squeeze=False)
    for column, method in enumerate(methods):
        example = labels[
            (labels["method"] == method) & (labels["class_index"] == _EXAMPLE)
        ]
        _draw_label(axes[0, column], example, METHODS[method].label)
        _draw_curves(axes[1, column], curves[curves["method"] == method])
    axes[0, 0].set_ylabel("label of one example\n(final epoch)")
    axes[1, 0].set_ylabel(
        f"robust accuracy (%)\ntest: PGD-{curves['num_steps'].iloc[0]}"
    )
    axes[1, 0].legend(frameon=False)
    return figure


def _draw_label(axis: Any, example: pd.DataFrame, title: str) -> None:
    from sglr.artefacts.drawing import THIRD

    axis.bar(example["target_class"], example["probability"], color=THIRD)
    axis.set(ylim=(0, 1.05), xlabel="class", title=title)


def _draw_curves(axis: Any, curves: pd.DataFrame) -> None:
    from sglr.artefacts.drawing import TEST, TRAIN, draw_mean

    for split, color in (("train", TRAIN), ("test", TEST)):
        draw_mean(axis, curves[curves["split"] == split], "accuracy", color, split, 100)
    axis.set(xlabel="epoch", ylim=(0, 100))


def describe(frames: dict[str, pd.DataFrame]) -> list[str]:
    """Return what the figure shows, in sentences (means over seeds)."""
    sentences = []
    for method, part in frames["figure2"].groupby("method", sort=False):
        mean = part.groupby(["split", "epoch"])["accuracy"].mean()
        end = 100 * mean["train"].iloc[-1]
        sentences.append(
            f"{METHODS[str(method)].label}: test {course(mean['test'])}, training ends at {end:.1f} %."
        )
    return sentences
