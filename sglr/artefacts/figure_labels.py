"""Ours: how many labels are right, by epoch, while they are refined."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from sglr.artefacts.figure4 import kinds, name_of
from sglr.artefacts.marks import collect_marks
from sglr.artefacts.style import Line, Size, line_of
from sglr.artefacts.words import seeds, trained_on
from sglr.collected.runs import Runs
from sglr.methods import METHODS
from sglr.plan.scales import Scale

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "Right labels (ours)"
CAPTION = (
    "Not in the paper: the share of training images whose label has its largest entry at the true class, by "
    "epoch; left adversarial training on clean labels, right standard training on noisy ones. The level line is "
    "where given labels stand; bands are the range over seeds."
)
READS = ("history.csv", "manifest.json")
COLLECTED = ("figure_labels", "figure_labels_marks")

_PANELS = ("clean", "noisy")
_COLUMNS = ["method", "r", "seed", "epoch", "label_accuracy", "noise", "given_accuracy"]


def collect(runs: Runs) -> dict[str, Any]:
    """Return a row for each run and epoch; without rows of a training from before this was recorded."""
    parts = [pd.DataFrame(columns=_COLUMNS)]
    for run in runs.done:
        if runs.path(run, "label_accuracy.csv").exists():
            found = runs.csv(run, "label_accuracy.csv")
            given = runs.manifest(run)["true_portion"]
            parts.append(found.assign(noise=run.label_noise, given_accuracy=given))
    frame = pd.concat(parts[1:] or parts)[_COLUMNS]
    return {"figure_labels": frame, "figure_labels_marks": collect_marks(runs)}


def draw(frames: dict[str, pd.DataFrame], size: Size) -> Figure:
    """Draw a panel for clean labels and one for noisy ones, where they were recorded."""
    from sglr.artefacts import drawing

    frame, marks = (frames[name] for name in COLLECTED)
    panels = [panel for panel in _PANELS if len(_of(frame, panel))] or list(_PANELS)
    grid = (len(panels), 1) if size.narrow else (1, len(panels))
    figure, axes = drawing.panels(*grid, 2.7, size, sharey=True)
    handles: dict[Line, Any] = {}  # a line means the same in each panel
    levels: list[Any] = []
    for axis, panel in zip(axes.flat, panels, strict=True):
        shown, own = _of(frame, panel), _of(marks, panel)
        for (method, r), part in kinds(shown):
            line = line_of(method, r)
            drawing.draw_curve(axis, part, "label_accuracy", line, size, 100)
            name = METHODS[method].label if r is None else f"SGLR, r = {r:g}"
            handles[line] = drawing.line_handle(line, name, size)
        drawing.mark_epochs(axis, own, size)
        if len(shown):
            given = 100 * shown["given_accuracy"].mean()
            levels = drawing.draw_levels(axis, {"given labels": given}, size)
        axis.set_title(_title(panel, shown))
        axis.set_xlabel("epoch")
    axes.flat[0].set_ylim(0, 103)
    for axis in axes[:, 0]:
        axis.set_ylabel("right labels (%)")
    entries = [*handles.values(), *levels, *drawing.mark_handles(marks, size)]
    drawing.legend(figure, entries, size)
    return figure


def _of(frame: pd.DataFrame, panel: str) -> pd.DataFrame:
    """The rows of adversarial training, on clean labels, or of standard training, on noisy ones."""
    if frame.empty:
        return frame
    adversarial = frame["method"].map(lambda name: METHODS[name].adversarial)
    return frame[adversarial == (panel == "clean")]


def _title(panel: str, shown: pd.DataFrame) -> str:
    if shown.empty:
        return f"({panel} labels: not recorded)"
    noise = f"{100 * shown['noise'].iloc[0]:.0f} % label noise"
    return f"standard, {noise}" if panel == "noisy" else "adversarial, clean labels"


def note(frames: dict[str, pd.DataFrame], scale: Scale) -> str:
    """Return what stands above the figure."""
    roles, frame = scale.roles, frames["figure_labels"]
    names = (roles.ten_classes, roles.label_noise)
    words = [trained_on(scale.data[name]) for name in names]
    if not frame.empty:
        words.append(seeds(frame))
        words += [
            f"{panel} labels: not recorded"
            for panel in _PANELS
            if _of(frame, panel).empty
        ]
    return f"Ours, not in the paper. {scale.label}; {'; '.join(dict.fromkeys(words))}"


def describe(frames: dict[str, pd.DataFrame]) -> list[str]:
    """Return what the figure shows, in sentences (means over seeds)."""
    frame = frames["figure_labels"]
    if frame.empty:
        return ["No run of it recorded its labels."]
    sentences = []
    for (method, r), part in kinds(frame):
        mean = 100 * part.groupby("epoch")["label_accuracy"].mean()
        first, last = mean.iloc[0], mean.iloc[-1]
        words = f"{first:.1f} % of labels are right at first, {last:.1f} % at the end"
        sentences.append(f"{name_of(method, r)}: {words}.")
    return sentences
