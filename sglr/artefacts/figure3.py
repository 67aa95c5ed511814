"""Figure 3: confidence of correct and incorrect predictions along PGD-AT."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from sglr.collected.runs import Runs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "Figure 3"
CAPTION = (
    "Mean confidence of PGD-AT where it is correct against where it is incorrect, one point an epoch, on natural and "
    "adversarial test images. An ideal classifier ends at the star: certain when correct, in doubt when not."
)
READS = ("trajectory.csv",)
COLLECTED = ("figure3",)

INPUTS = ("natural", "adversarial")
_QUANTITIES = ["confidence_correct", "confidence_incorrect", "accuracy", "ece"]


def collect(runs: Runs) -> dict[str, Any]:
    """Return a row for each seed, kind of image and epoch."""
    parts = []
    for run in runs.done:
        trajectory = runs.csv(run, "trajectory.csv")
        for name in INPUTS:
            columns = {f"{name}_{quantity}": quantity for quantity in _QUANTITIES}
            part = (
                trajectory[["seed", "epoch", *columns]]
                .rename(columns=columns)
                .assign(input=name)
            )
            part = part[["seed", "epoch", "input", *_QUANTITIES]]
            parts.append(part.assign(**runs.mark(run)))
    return {"figure3": pd.concat(parts)}


def draw(frames: dict[str, pd.DataFrame]) -> Figure:
    """Draw a panel for each kind of image."""
    from sglr.artefacts import drawing

    frame = frames["figure3"]
    figure, axes = drawing.panels(1, 2, 8, 3.8)
    for axis, name in zip(axes, INPUTS, strict=True):
        points = _draw_path(axis, frame[frame["input"] == name].sort_values("epoch"))
        axis.set(title=f"{name} test images")
        drawing.legend_below(axis)
    figure.colorbar(points, ax=axes, label="epoch")
    return figure


def _draw_path(axis: Any, part: pd.DataFrame) -> Any:
    age = part["epoch"] / part["epoch"].max()
    points = axis.scatter(
        part["confidence_correct"],
        part["confidence_incorrect"],
        c=part["epoch"],
        s=15 + 90 * age,
        cmap="Blues",
    )
    points.set(edgecolor="0.4", linewidth=0.4, clim=(0, part["epoch"].max()), zorder=2)
    axis.axvline(
        part["accuracy"].max(),
        color="0.5",
        linestyle="--",
        label="best accuracy",
        zorder=1,
    )
    axis.plot(
        [1], [0], "*", color="tab:red", markersize=14, label="ideal", clip_on=False
    )
    axis.set(xlim=(0, 1.02), ylim=(-0.02, 1))
    axis.set(
        xlabel="mean confidence when correct", ylabel="mean confidence when incorrect"
    )
    return points


def describe(frames: dict[str, pd.DataFrame]) -> list[str]:
    """Return what the figure shows, in sentences (means over seeds)."""
    sentences = []
    for name, part in frames["figure3"].groupby("input", sort=False):
        mean = (
            100
            * part.groupby("epoch")[
                ["confidence_correct", "confidence_incorrect"]
            ].mean()
        )
        first, last = mean.iloc[0], mean.iloc[-1]
        sentences.append(
            f"{name} images: confidence when correct goes from {first.iloc[0]:.0f} to {last.iloc[0]:.0f} %, "
            f"when incorrect from {first.iloc[1]:.0f} to {last.iloc[1]:.0f} %."
        )
    return sentences
