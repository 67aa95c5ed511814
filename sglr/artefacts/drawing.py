"""What all figures share: style, colours, a curve's mean over seeds, and their files."""

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["MPLBACKEND"] = "agg"  # whatever the user's environment or matplotlibrc says

import matplotlib
import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sglr.files.disk import write_bytes

TRAIN, TEST, THIRD = sns.color_palette("colorblind")[:3]
STYLE: dict = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "pdf.fonttype": 42,
}
_DEFAULTS = {
    key: value
    for key, value in matplotlib.rcParamsDefault.items()
    if not key.startswith("backend") and not key.startswith("_internal")
}
# File ending -> the entry of its metadata that would make every file another.
UNDATED = {"pdf": "CreationDate", "png": "Software", "svg": "Date"}
STYLE["svg.hashsalt"] = "sglr"  # ids inside an SVG are otherwise new in every file


def save(
    draw: Callable[[dict[str, pd.DataFrame]], Figure],
    frames: dict[str, pd.DataFrame],
    label: str,
    path: Path,
) -> None:
    """Write path.pdf, .png and .svg with fixed metadata: an unchanged figure is an unchanged file.

    The style is matplotlib's own with ours above it; a user's matplotlibrc changes nothing.
    """
    with plt.rc_context({**_DEFAULTS, **STYLE}):
        figure = draw(frames)
        figure.suptitle(label, fontsize=8, color="0.35")
        for ending, missing in UNDATED.items():
            content = io.BytesIO()
            dpi = 150 if ending == "png" else "figure"
            figure.savefig(content, format=ending, dpi=dpi, metadata={missing: None})
            write_bytes(path.with_suffix(f".{ending}"), content.getvalue())
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
