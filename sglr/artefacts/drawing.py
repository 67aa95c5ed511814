"""What all figures share on paper: panels, curves, marked epochs, the one legend, and their files."""

import io
import os
import textwrap
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

os.environ["MPLBACKEND"] = "agg"  # whatever the user's environment or matplotlibrc says

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sglr.artefacts.style import LIGHT, NEUTRAL, Line, Size
from sglr.files.disk import write_bytes

_DEFAULTS: dict = {
    key: value
    for key, value in matplotlib.rcParamsDefault.items()
    if not key.startswith("backend") and not key.startswith("_internal")
}
_SMALL = ("xtick.labelsize", "ytick.labelsize", "legend.fontsize", "figure.titlesize")
_LARGE = ("font.size", "axes.labelsize", "axes.titlesize")
_LINES = {  # in points, where lines have their own width
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.4,
    "patch.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
}
# File ending -> the entry of its metadata that would make every file another.
UNDATED = {"pdf": "CreationDate", "png": "Software", "svg": "Date"}
_PIXELS, _PIXELS_IN_PRINT = 200, 300  # an inch: of a PNG; of clouds in PDF, SVG
_MARKS = {"learning rate drops": (0, (1, 1.6)), "refinement starts": (0, (6, 2))}


def rc(size: Size) -> dict:
    """Return matplotlib's own settings with ours above them; a user's matplotlibrc changes nothing."""
    scaled = {key: size.line * value for key, value in _LINES.items()}
    return {
        **_DEFAULTS,
        **dict.fromkeys(_SMALL, size.small),
        **dict.fromkeys(_LARGE, size.type),
        **scaled,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "pdf.fonttype": 42,
        "svg.hashsalt": "sglr",  # ids inside an SVG are otherwise new in every file
    }


def save(draw: Callable[[], Figure], note: str, size: Size, path: Path) -> None:
    """Write path.pdf, .png and .svg with fixed metadata: an unchanged figure is an unchanged file."""
    with plt.rc_context(rc(size)):
        figure = finished(draw(), note, size)
        for ending, missing in UNDATED.items():
            content = io.BytesIO()
            dpi = _PIXELS if ending == "png" else _PIXELS_IN_PRINT
            figure.savefig(content, format=ending, dpi=dpi, metadata={missing: None})
            write_bytes(path.with_suffix(f".{ending}"), content.getvalue())
        plt.close(figure)


def finished(figure: Figure, note: str, size: Size) -> Figure:
    """Return the figure with the note above it, broken into lines that fit."""
    figure.suptitle(balanced(note, size.characters), color="0.35")
    return figure


def balanced(text: str, longest: int) -> str:
    """Return the text in as few lines of at most `longest` characters as hold it, about equally long."""
    lines = len(textwrap.wrap(text, longest))
    widths = range(max(map(len, text.split())), longest + 1)
    enough = (width for width in widths if len(textwrap.wrap(text, width)) <= lines)
    return textwrap.fill(text, next(enough, longest))


def panels(
    rows: int, columns: int, height: float, size: Size, **options: Any
) -> tuple[Figure, Any]:
    """Return a figure of rows x columns panels and its axes (rows, columns); `height` is a
    row's in inches where type has 8 points."""
    inches = (size.width, min(size.tallest, rows * height * size.type / 8))
    return plt.subplots(
        rows, columns, figsize=inches, layout="constrained", squeeze=False, **options
    )


def draw_curve(
    axis: Axes,
    frame: pd.DataFrame,
    column: str,
    line: Line,
    size: Size,
    factor: float = 1,
    opacity: float = 1,
) -> None:
    """Draw the mean over seeds of `column` against the epoch; of several, their range as a band."""
    by_epoch = frame.assign(value=factor * frame[column]).groupby("epoch")["value"]
    mean = by_epoch.mean()
    if by_epoch.size().max() > 1:
        low, high = by_epoch.min().to_numpy(), by_epoch.max().to_numpy()
        look: dict[str, Any] = {"color": line.color, "linewidth": 0}
        axis.fill_between(mean.index, low, high, alpha=0.18 * opacity, **look)
    axis.plot(mean.index, mean.to_numpy(), **_look(line, size, opacity))


def _look(line: Line, size: Size, opacity: float) -> dict[str, Any]:
    """A method's line, thinner where it is lighter."""
    thinner = 0.7 if opacity < 1 else 1
    return {
        "color": line.color,
        "linestyle": line.dashes,
        "alpha": opacity,
        "linewidth": line.width * size.line * thinner,
    }


def mark_epochs(axis: Axes, marks: pd.DataFrame, size: Size) -> None:
    """Draw a line at each epoch of the marks, each once."""
    for event, dashes in _MARKS.items():
        for epoch in _epochs(marks, event):
            axis.axvline(epoch, zorder=0.5, **_neutral(dashes, size))


def _epochs(marks: pd.DataFrame, event: str) -> list[int]:
    if marks.empty:
        return []
    return sorted(set(marks[marks["event"] == event]["epoch"]))


def line_handle(line: Line, label: str, size: Size, opacity: float = 1) -> Line2D:
    """Return a legend's entry for a method's line."""
    return Line2D([], [], label=label, **_look(line, size, opacity))


def split_handles(line: Line, size: Size, test: str = "test images") -> list[Line2D]:
    """Return the entries for test images and, in lighter lines, training images."""
    return [
        line_handle(line, test, size),
        line_handle(line, "training images", size, LIGHT),
    ]


def _neutral(dashes: Any, size: Size) -> dict[str, Any]:
    return {"color": NEUTRAL, "linestyle": dashes, "linewidth": 0.8 * size.line}


def mark_handles(marks: pd.DataFrame, size: Size) -> list[Line2D]:
    """Return the entries for the marked epochs that there are."""
    return [
        Line2D([], [], label=event, **_neutral(dashes, size))
        for event, dashes in _MARKS.items()
        if _epochs(marks, event)
    ]


def shade_bar(
    figure: Figure, shades: Any, axes: Iterable[Axes], label: str, size: Size
) -> None:
    """Put the key of the shades beside the axes, or in a narrow figure above all of them."""
    place: dict[str, Any] = {"aspect": 12}
    if size.narrow:
        place = {"location": "top", "aspect": 40}
    figure.colorbar(shades, ax=list(axes), label=label, **place)


def draw_levels(axis: Axes, levels: dict[str, float], size: Size) -> list[Line2D]:
    """Draw level lines of no method, the first dashed, the second dotted; return their entries."""
    handles = []
    for (label, level), dashes in zip(levels.items(), ("--", ":"), strict=False):
        look = _neutral(dashes, size) | {"color": "#4D4D4D"}
        axis.axhline(level, zorder=1, **look)
        handles.append(Line2D([], [], label=label, **look))
    return handles


def shades_of(line: Line) -> Colormap:
    """Return the shades of a method's colour, from light to full."""
    return LinearSegmentedColormap.from_list("", ["#F0F0F0", line.color])


def draw_star(axis: Axes, x: float, y: float, size: Size) -> None:
    """Mark an ideal that no network reaches."""
    axis.plot([x], [y], clip_on=False, **_star(size))


def star_handle(label: str, size: Size) -> Line2D:
    """Return the entry for the star."""
    return Line2D([], [], label=label, **_star(size))


def _star(size: Size) -> dict[str, Any]:
    look: dict[str, Any] = {"marker": "*", "linestyle": "", "markersize": 9 * size.line}
    return look | {"color": "white", "markeredgecolor": "black"}


def dot_handle(color: str, label: str, size: Size) -> Line2D:
    """Return the entry for points of a colour."""
    look: dict[str, Any] = {"marker": "o", "linestyle": "", "markersize": 4 * size.line}
    return Line2D([], [], color=color, label=label, **look)


def name_grid(axes: Any, rows: list[str], columns: list[str]) -> None:
    """Name the rows of panels at their left, the columns above them."""
    for axis, name in zip(axes[:, 0], rows, strict=True):
        axis.set_ylabel(name)
    for axis, name in zip(axes[0], columns, strict=True):
        axis.set_title(name)


def name_axes(axes: Any, x: str, y: str) -> None:
    """Say what is drawn against what, under the lowest panels and beside the leftmost."""
    for axis in axes[-1]:
        axis.set_xlabel(x)
    for axis in axes[:, 0]:
        axis.set_ylabel(y)


def legend(figure: Figure, handles: list[Line2D], size: Size, **options: Any) -> None:
    """Put the figure's one legend under all panels, in as few and as equal rows as fit."""
    longest = max(len(str(handle.get_label())) for handle in handles)
    fitting = max(1, size.characters // (longest + 8))  # eight for line and space
    rows = int(np.ceil(len(handles) / fitting))
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=int(np.ceil(len(handles) / rows)),
        frameon=False,
        handlelength=2.6,
        columnspacing=1.2,
        **options,
    )
