"""Figure 1: gradient norm and information in weights along PGD-AT."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from sglr.artefacts.words import course
from sglr.collected.runs import Runs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "Figure 1"
CAPTION = (
    "PGD-AT, epoch by epoch: the norm of the loss gradient (left); robust accuracy on training and test images and the "
    "information in the weights (right). Dotted lines mark drops of the learning rate. In robust overfitting test "
    "accuracy falls while training accuracy rises."
)
READS = ("history.csv", "trajectory.csv")
COLLECTED = ("figure1",)

_HISTORY = ["gradient_norm", "train_accuracy", "learning_rate"]
_TRAJECTORY = ["gradient_norm_full", "information_in_weights", "test_pgd20_accuracy"]


def collect(runs: Runs) -> dict[str, Any]:
    """Return a row for each quantity, seed and epoch."""
    parts = []
    for run in runs.done:
        for name, columns in (
            ("history.csv", _HISTORY),
            ("trajectory.csv", _TRAJECTORY),
        ):
            parts.append(
                runs.csv(run, name)
                .melt(["seed", "epoch"], columns, "quantity", "value")
                .assign(**runs.mark(run))
            )
    return {"figure1": pd.concat(parts)}


def draw(frames: dict[str, pd.DataFrame]) -> Figure:
    """Draw both panels."""
    from sglr.artefacts import drawing

    frame = frames["figure1"]
    figure, (left, right) = drawing.panels(1, 2, 9, 3.4)
    _draw_norms(left, frame)
    twin = _draw_accuracies(right, frame)
    for axis in (left, right):
        drawing.mark_drops(axis, frame[frame["quantity"] == "learning_rate"])
    drawing.legend_below(left)
    drawing.legend_below(right, handles=[*right.get_lines()[:2], *twin.get_lines()[:1]])
    return figure


def _draw_norms(axis: Any, frame: pd.DataFrame) -> None:
    from sglr.artefacts.drawing import TEST, TRAIN, draw_mean

    draw_mean(
        axis,
        frame[frame["quantity"] == "gradient_norm"],
        "value",
        TRAIN,
        "mean over mini-batches",
    )
    draw_mean(
        axis,
        frame[frame["quantity"] == "gradient_norm_full"],
        "value",
        TEST,
        "full, fixed subset",
    )
    axis.set(
        xlabel="epoch", ylabel="gradient norm (l2)", title="(a) gradient norm, PGD-AT"
    )


def _draw_accuracies(axis: Any, frame: pd.DataFrame) -> Any:
    """Accuracies, and on an axis of its own, which is returned, the information in the weights."""
    from sglr.artefacts.drawing import TEST, THIRD, TRAIN, draw_mean

    draw_mean(
        axis,
        frame[frame["quantity"] == "train_accuracy"],
        "value",
        TRAIN,
        "train (running)",
        100,
    )
    draw_mean(
        axis,
        frame[frame["quantity"] == "test_pgd20_accuracy"],
        "value",
        TEST,
        "test, PGD-20",
        100,
    )
    twin = axis.twinx()
    twin.spines["right"].set_visible(True)
    information = frame[frame["quantity"] == "information_in_weights"]
    draw_mean(
        twin, information, "value", THIRD, "information in weights", linestyle="--"
    )
    twin.set(ylabel="information in weights (arbitrary units)", yscale="log")
    axis.set(
        xlabel="epoch",
        ylabel="robust accuracy (%)",
        title="(b) robust accuracy and information",
    )
    return twin


def describe(frames: dict[str, pd.DataFrame]) -> list[str]:
    """Return what the figure shows, in sentences (means over seeds)."""
    mean = frames["figure1"].groupby(["quantity", "epoch"])["value"].mean()
    norm = mean["gradient_norm"]
    return [
        f"PGD-AT: the mean gradient norm goes from {norm.iloc[0]:.2g} to {norm.iloc[-1]:.2g};",
        f"robust accuracy on training images ends at {100 * mean['train_accuracy'].iloc[-1]:.1f} %,",
        f"on test images it {course(mean['test_pgd20_accuracy'])}.",
    ]
