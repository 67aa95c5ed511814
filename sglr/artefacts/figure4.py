"""Figure 4: what is memorised of wrong labels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pandas as pd

from sglr.artefacts.marks import collect_marks
from sglr.artefacts.style import Size, line_of
from sglr.artefacts.words import course, seeds, trained_on
from sglr.collected.runs import Runs
from sglr.methods import METHODS
from sglr.plan.scales import Scale

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "Figure 4"
CAPTION = (
    "Standard training where part of the training labels is wrong: accuracy on the given labels (left) and on clean "
    "test images (right). A method that memorises rises above the portion of untouched labels on the left and falls on "
    "the right. Bands are the range over seeds."
)
READS = ("history.csv", "manifest.json")
COLLECTED = ("figure4", "figure4_marks")

_SPLITS = {"train_accuracy": "train", "test_natural_accuracy": "test"}
_PORTIONS = {"untouched_portion": "untouched labels", "true_portion": "true labels"}


def collect(runs: Runs) -> dict[str, Any]:
    """Return a row for each run, split and epoch, with the portions of untouched and of true labels."""
    parts = []
    for run in runs.done:
        manifest = runs.json(run, "manifest.json")
        history = runs.csv(run, "history.csv").rename(columns=_SPLITS)
        keys = ["method", "r", "seed", "epoch"]
        part = history.melt(keys, list(_SPLITS.values()), "split", "accuracy")
        portions = {name: manifest[name] for name in _PORTIONS}
        parts.append(part.assign(noise=run.label_noise, **portions, **runs.mark(run)))
    return {"figure4": pd.concat(parts), "figure4_marks": collect_marks(runs)}


def draw(frames: dict[str, pd.DataFrame], size: Size) -> Figure:
    """Draw accuracy on given labels and on test images."""
    from sglr.artefacts import drawing

    frame, marks = (frames[name] for name in COLLECTED)
    grid = (2, 1) if size.narrow else (1, 2)
    figure, axes = drawing.panels(*grid, 2.9, size, sharex=True, sharey=True)
    handles = []
    for axis, split in zip(axes.flat, _SPLITS.values(), strict=True):
        for (method, r), part in kinds(frame[frame["split"] == split]):
            line = line_of(method, r)
            drawing.draw_curve(axis, part, "accuracy", line, size, 100)
            if split == "train":
                handles.append(drawing.line_handle(line, name_of(method, r), size))
        drawing.mark_epochs(axis, marks, size)
    noise = f"{100 * frame['noise'].iloc[0]:.0f} %"
    axes.flat[0].set(title=f"(a) training images, given labels ({noise} noise)")
    axes.flat[1].set(title="(b) test images", ylim=(0, 103))
    portions = {}
    for name, words in _PORTIONS.items():
        level = 100 * frame[name].mean()
        portions[f"{words} ({level:.0f} %)"] = level
    handles += drawing.draw_levels(axes.flat[0], portions, size)
    drawing.name_axes(axes, "epoch", "accuracy (%)")
    drawing.legend(figure, handles + drawing.mark_handles(marks, size), size)
    return figure


def kinds(
    frame: pd.DataFrame,
) -> Iterator[tuple[tuple[str, float | None], pd.DataFrame]]:
    """Give each method and its r (None without one) with its rows, in the frame's order."""
    groups = frame.groupby(["method", "r"], sort=False, dropna=False)
    for (method, r), part in groups:
        share = None if pd.isna(r) else float(r)
        yield (str(method), share), part


def name_of(method: str, r: float | None) -> str:
    """Return a method's name with its r."""
    label = METHODS[method].label
    return label if r is None else f"{label}, r = {r:g}"


def note(frames: dict[str, pd.DataFrame], scale: Scale) -> str:
    """Return what stands above the figure."""
    data = scale.data[scale.roles.label_noise]
    test = f"{data.num_test:,} test images"
    words = (scale.label, trained_on(data), test, seeds(frames["figure4"]))
    return "; ".join(words)


def describe(frames: dict[str, pd.DataFrame]) -> list[str]:
    """Return what the figure shows, in sentences (means over seeds)."""
    sentences = []
    for (method, r), part in kinds(frames["figure4"]):
        mean = part.groupby(["split", "epoch"])["accuracy"].mean()
        end, test = 100 * mean["train"].iloc[-1], course(mean["test"])
        name = name_of(method, r)
        sentences.append(f"{name}: training ends at {end:.1f} %, test {test}.")
    return sentences
