"""Figure 4: what is memorised of wrong labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from sglr.artefacts.words import course
from sglr.collected.runs import Runs
from sglr.methods import METHODS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "Figure 4"
CAPTION = (
    "Standard training where part of the training labels is wrong: accuracy on the given labels (left) and on clean "
    "test images (right). A method that memorises rises above the portion of untouched labels on the left and falls on "
    "the right."
)
READS = ("history.csv", "manifest.json")
COLLECTED = ("figure4",)

_PORTIONS = ("untouched_portion", "true_portion")


def collect(runs: Runs) -> dict[str, Any]:
    """Return a row for each run, split and epoch, with the portions of untouched and of true labels."""
    parts = []
    for run in runs.done:
        manifest = runs.json(run, "manifest.json")
        history = runs.csv(run, "history.csv")
        history = history.rename(
            columns={"train_accuracy": "train", "test_natural_accuracy": "test"}
        )
        part = history.melt(
            ["method", "r", "seed", "epoch"], ["train", "test"], "split", "accuracy"
        )
        portions = {name: manifest[name] for name in _PORTIONS}
        parts.append(part.assign(noise=run.label_noise, **portions, **runs.mark(run)))
    return {"figure4": pd.concat(parts)}


def draw(frames: dict[str, pd.DataFrame]) -> Figure:
    """Draw accuracy on given labels and on test images."""
    from sglr.artefacts import drawing

    frame = frames["figure4"]
    figure, axes = drawing.panels(1, 2, 9, 3.6)
    for axis, split in zip(axes, ("train", "test"), strict=True):
        _draw_lines(axis, frame[frame["split"] == split])
        axis.set(xlabel="epoch", ylabel=f"{split} accuracy (%)", ylim=(0, 103))
    for column, style, name in zip(
        _PORTIONS, ("--", ":"), ("untouched labels", "true labels"), strict=True
    ):
        axes[0].axhline(
            100 * frame[column].mean(), color="0.5", linestyle=style, label=name
        )
    axes[0].set_title(
        f"training images, given labels ({100 * frame['noise'].iloc[0]:.0f} % noise)"
    )
    seeds = frame["seed"].nunique()
    axes[1].set_title(
        "test images" if seeds == 1 else f"test images, mean of {seeds} seeds"
    )
    for axis in axes:
        drawing.legend_below(axis)
    return figure


def _draw_lines(axis: Any, frame: pd.DataFrame) -> None:
    from sglr.artefacts.drawing import TEST, THIRD, TRAIN, draw_mean

    hard = frame["method"] == "standard"
    draw_mean(axis, frame[hard], "accuracy", TRAIN, "hard labels", 100, linewidth=1.6)
    draw_mean(
        axis,
        frame[~hard & (frame["r"] == 1)],
        "accuracy",
        TEST,
        "SGLR (r = 1)",
        100,
        linewidth=1.6,
    )
    draw_mean(
        axis,
        frame[~hard & (frame["r"] == 0.2)],
        "accuracy",
        THIRD,
        "SGLR (r = 0.2)",
        100,
        linewidth=0.8,
    )


def describe(frames: dict[str, pd.DataFrame]) -> list[str]:
    """Return what the figure shows, in sentences (means over seeds)."""
    sentences = []
    for (method, r), part in frames["figure4"].groupby(
        ["method", "r"], sort=False, dropna=False
    ):
        mean = part.groupby(["split", "epoch"])["accuracy"].mean()
        name = METHODS[str(method)].label + ("" if r != r else f" (r = {r:g})")
        end = 100 * mean["train"].iloc[-1]
        sentences.append(
            f"{name}: training ends at {end:.1f} %, test {course(mean['test'])}."
        )
    return sentences
