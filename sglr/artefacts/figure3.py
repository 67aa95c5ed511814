"""Figure 3: confidence of correct and incorrect predictions along PGD-AT."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from sglr.artefacts.style import Size, line_of
from sglr.artefacts.words import mean_of_seeds, trained_on
from sglr.collected.runs import Runs
from sglr.plan.scales import Scale

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
            part = trajectory.rename(columns=columns).assign(input=name)
            part = part[["seed", "epoch", "input", *_QUANTITIES]]
            parts.append(part.assign(**runs.mark(run)))
    return {"figure3": pd.concat(parts)}


def draw(frames: dict[str, pd.DataFrame], size: Size) -> Figure:
    """Draw a panel for each kind of image."""
    from sglr.artefacts import drawing

    frame = frames["figure3"]
    grid = (2, 1) if size.narrow else (1, 2)
    figure, axes = drawing.panels(*grid, 2.8, size, sharex=True, sharey=True)
    points: Any = None
    for axis, name in zip(axes.flat, INPUTS, strict=True):
        points = _draw_path(axis, frame[frame["input"] == name], size)
        axis.set(title=f"PGD-AT, {name} test images")
    drawing.name_axes(axes, "mean confidence when correct", "when incorrect")
    figure.colorbar(points, ax=axes, label="epoch", aspect=30)
    drawing.legend(figure, [drawing.star_handle("ideal", size)], size)
    return figure


def _draw_path(axis: Any, part: pd.DataFrame, size: Size) -> Any:
    """A point an epoch, the mean over seeds: later ones darker and larger."""
    from sglr.artefacts.drawing import draw_star, shades_of

    mean = part.groupby("epoch").mean(numeric_only=True)
    last = mean.index.max()
    points = axis.scatter(
        mean["confidence_correct"],
        mean["confidence_incorrect"],
        c=mean.index,
        s=size.line * (8 + 30 * mean.index / last),
        cmap=shades_of(line_of("at")),
    )
    points.set(edgecolor="0.3", linewidth=0.4 * size.line, clim=(0, last), zorder=2)
    draw_star(axis, 1, 0, size)
    axis.set(xlim=(0, 1.04), ylim=(-0.04, 1))
    return points


def note(frames: dict[str, pd.DataFrame], scale: Scale) -> str:
    """Return what stands above the figure."""
    data, seeds = scale.data[scale.roles.ten_classes], mean_of_seeds(frames["figure3"])
    words = (trained_on(data), f"{data.num_test:,} test images", seeds)
    return f"{scale.label}; {'; '.join(words)}"


def describe(frames: dict[str, pd.DataFrame]) -> list[str]:
    """Return what the figure shows, in sentences (means over seeds)."""
    sentences = []
    for name, part in frames["figure3"].groupby("input", sort=False):
        mean = 100 * part.groupby("epoch").mean(numeric_only=True)
        first, last = mean.iloc[0], mean.iloc[-1]
        right, wrong = "confidence_correct", "confidence_incorrect"
        sentences.append(
            f"{name} images: confidence when correct goes from {first[right]:.0f} to {last[right]:.0f} %, "
            f"when incorrect from {first[wrong]:.0f} to {last[wrong]:.0f} %; "
            f"accuracy is highest at {mean['accuracy'].max():.0f} %."
        )
    return sentences
