"""Figure 5: features under label noise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sglr.collected.runs import Runs
from sglr.methods import METHODS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "Figure 5"
CAPTION = (
    "Penultimate features of the final networks (t-SNE of training images, coloured by true class), by method and "
    "label noise. Measured in the full feature space on test images: within- over between-class variance (less is "
    "tighter) and silhouette (more is better separated)."
)
READS = ("features.csv", "separability.json")
COLLECTED = ("figure5", "figure5_separability")


def collect(runs: Runs) -> dict[str, Any]:
    """Return the points of seed 0, and how separable every run's features are."""
    points, numbers = [], []
    for run in runs.done:
        if run.seed == 0:
            points.append(runs.csv(run, "features.csv").assign(noise=run.label_noise))
        row = {"method": run.method, "noise": run.label_noise, "seed": run.seed}
        found = runs.json(run, "separability.json")
        numbers.append(row | found | runs.mark(run))
    return {
        "figure5": pd.concat(points)[["method", "noise", "x", "y", "label"]],
        "figure5_separability": pd.DataFrame(numbers),
    }


def draw(frames: dict[str, pd.DataFrame]) -> Figure:
    """Draw a panel for each method and noise level."""
    from sglr.artefacts import drawing

    points, numbers = frames["figure5"], frames["figure5_separability"]
    methods, noises = (
        list(dict.fromkeys(points["method"])),
        sorted(points["noise"].unique()),
    )
    figure, axes = drawing.panels(
        len(methods), len(noises), 2.4 * len(noises), 2.5 * len(methods), squeeze=False
    )
    colors = np.array(drawing.sns.color_palette("colorblind", 10))
    for row, method in enumerate(methods):
        for column, noise in enumerate(noises):
            cell, number = (
                f[(f["method"] == method) & (f["noise"] == noise)]
                for f in (points, numbers)
            )
            _draw_cell(axes[row, column], cell, number, colors)
        axes[row, 0].set_ylabel(METHODS[method].label)
    for column, noise in enumerate(noises):
        axes[0, column].set_title(f"label noise {noise:g}")
    _draw_classes(figure, sorted(points["label"].astype(int).unique()), colors)
    return figure


def _draw_cell(
    axis: Any, points: pd.DataFrame, numbers: pd.DataFrame, colors: np.ndarray
) -> None:
    axis.scatter(
        points["x"], points["y"], s=3, c=colors[points["label"].astype(int) % 10]
    )
    ratio, silhouette = numbers["variance_ratio"].mean(), numbers["silhouette"].mean()
    axis.set(
        xticks=[],
        yticks=[],
        xlabel=f"within/between {ratio:.2f}, silhouette {silhouette:.2f}",
    )
    axis.xaxis.label.set_size(7)


def _draw_classes(figure: Figure, classes: list[int], colors: np.ndarray) -> None:
    """A legend of the classes beside the panels."""
    from matplotlib.lines import Line2D

    dots = []
    for label in classes:
        dots.append(
            Line2D(
                [],
                [],
                linestyle="",
                marker="o",
                color=colors[label % 10],
                label=str(label),
            )
        )
    figure.legend(
        handles=dots, title="true class", frameon=False, loc="outside right center"
    )


def describe(frames: dict[str, pd.DataFrame]) -> list[str]:
    """Return what the figure shows, in sentences (means over seeds)."""
    sentences = []
    for method, part in frames["figure5_separability"].groupby("method", sort=False):
        mean = part.groupby("noise")["silhouette"].mean()
        words = ", ".join(
            f"{value:.2f} at noise {noise:g}" for noise, value in mean.items()
        )
        sentences.append(f"{METHODS[str(method)].label}: silhouette {words}.")
    return sentences
