"""What all figures share: style, colours, a curve's mean over seeds, and their files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

TRAIN, TEST, THIRD = sns.color_palette("colorblind")[:3]
STYLE: dict = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "pdf.fonttype": 42,
}
STYLE["svg.hashsalt"] = "sglr"  # ids inside an SVG are otherwise new in every file


def save(
    draw: Callable[[dict[str, pd.DataFrame]], Figure],
    frames: dict[str, pd.DataFrame],
    label: str,
    path: Path,
) -> None:
    """Write path.pdf, .png and .svg with fixed metadata: an unchanged figure is an unchanged file."""
    with plt.rc_context(STYLE):
        figure = draw(frames)
        figure.suptitle(label, fontsize=8, color="0.35")
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path.with_suffix(".pdf"), metadata={"CreationDate": None})
        figure.savefig(path.with_suffix(".png"), dpi=150, metadata={"Software": None})
        figure.savefig(path.with_suffix(".svg"), metadata={"Date": None})
        plt.close(figure)


def panels(
    rows: int, columns: int, width: float, height: float, **options: Any
) -> tuple[Figure, Any]:
    """Return a figure of so many panels, width and height in inches."""
    return plt.subplots(
        rows, columns, figsize=(width, height), layout="constrained", **options
    )


def draw_mean(
    axis: Axes,
    frame: pd.DataFrame,
    column: str,
    color: tuple,
    label: str,
    scale: float = 1,
    **options: Any,
) -> None:
    """Draw the mean over seeds of `column` against the epoch."""
    mean = frame.groupby("epoch")[column].mean() * scale
    axis.plot(
        mean.index,
        mean.to_numpy(),
        color=color,
        label=label,
        **({"linewidth": 1.4} | options),
    )


def legend_below(axis: Axes, **options: Any) -> None:
    """Put the legend under the axes, where no curve can run into it."""
    axis.legend(
        frameon=False,
        fontsize=7,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.16),
        ncols=4,
        **options,
    )


def mark_drops(axis: Axes, rates: pd.DataFrame) -> None:
    """Draw a dotted line at each epoch at which the learning rate drops."""
    rate = rates.groupby("epoch")["value"].mean()
    for epoch in rate.index[rate.diff() < 0]:
        axis.axvline(epoch, color="0.6", linestyle=":", linewidth=0.9)
