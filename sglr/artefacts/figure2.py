"""Figure 2: learning curves by kind of label, and one label's course."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import pandas as pd

from sglr.artefacts.marks import collect_marks
from sglr.artefacts.style import LIGHT, Line, Size, line_of
from sglr.artefacts.words import course, seeds, trained_on
from sglr.collected.runs import Runs
from sglr.methods import METHODS
from sglr.methods.schedules import start_epoch
from sglr.plan.names import EXAMPLE, class_name
from sglr.plan.runs import Run
from sglr.plan.scales import Scale

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Row = dict[str, Any]

TITLE = "Figure 2"
CAPTION = (
    "Above, the label that one training example has, epoch by epoch: the darker, the more of it a class has. "
    "Below, robust accuracy on training images (light) and test images, for hard, smoothed and refined labels. "
    "Dotted lines mark drops of the learning rate, dashed ones where refinement starts; bands are the range over "
    "seeds."
)
READS = ("history.csv", "labels.csv", "manifest.json")
COLLECTED = ("figure2", "figure2_course", "figure2_marks")

_SPLITS = {"train_accuracy": "train", "test_robust_accuracy": "test"}


def collect(runs: Runs) -> dict[str, Any]:
    """Return the curves, the epochs to mark, and of seed 0 the course of one example's label."""
    curves, labels = [], []
    for run in runs.done:
        history = runs.csv(run, "history.csv").rename(columns=_SPLITS)
        keys = ["method", "seed", "epoch"]
        part = history.melt(keys, list(_SPLITS.values()), "split", "accuracy")
        steps = runs.scale.attack.curve_steps
        curves.append(part.assign(num_steps=steps, **runs.mark(run)))
        if run.seed == 0:
            labels += _course(runs, run, history["epoch"].tolist())
    marks = collect_marks(runs)
    return {
        "figure2": pd.concat(curves),
        "figure2_course": labels,
        "figure2_marks": marks,
    }


def _course(runs: Runs, run: Run, epochs: list[int]) -> list[Row]:
    """The example's label by epoch; of refined ones trained before this was recorded, the hard one and the last."""
    final = runs.csv(run, "labels.csv")
    final = final[final["class_index"] == EXAMPLE]
    if runs.path(run, "label_course.csv").exists():
        parts = [runs.csv(run, "label_course.csv")]
    elif hasattr(run.method_settings(), "start"):
        first = start_epoch(run.method_settings().start, len(epochs))
        hard = final.assign(probability=1.0 * (final["target_class"] == EXAMPLE))
        parts = [hard.assign(epoch=epoch) for epoch in range(1, first)]
        parts.append(final.assign(epoch=epochs[-1]))
    else:  # these stay as they are
        parts = [final.assign(epoch=epoch) for epoch in epochs]
    found = pd.concat(parts).assign(method=run.method)
    found = found[found["probability"] > 0]
    source = runs.scale.data[run.dataset].source
    names = [class_name(source, label) for label in found["target_class"]]
    columns = ["method", "epoch", "target_class", "class_name", "probability"]
    return found.assign(class_name=names)[columns].to_dict("records")


def draw(frames: dict[str, pd.DataFrame], size: Size) -> Figure:
    """Draw for each method its label's course and its curves, in a column, or where it is narrow in a row."""
    from sglr.artefacts import drawing

    curves, labels, marks = (frames[name] for name in COLLECTED)
    methods = list(dict.fromkeys(curves["method"]))
    figure, axes = _panels(len(methods), size)
    pairs = axes if size.narrow else axes.T
    shades: Any = None
    for method, (above, below) in zip(methods, pairs, strict=True):
        shades = _draw_course(above, labels, method)
        _draw_curves(below, curves[curves["method"] == method], line_of(method), size)
        own = marks[marks["method"] == method] if len(marks) else marks
        for axis in (above, below):
            drawing.mark_epochs(axis, own, size)
        above.set_title(textwrap.fill(METHODS[method].label, 16))
    _name_axes(axes, size, curves)
    drawing.shade_bar(figure, shades, pairs[:, 0], "share of the label", size)
    handles = drawing.split_handles(line_of(methods[0]), size)
    drawing.legend(figure, handles + drawing.mark_handles(marks, size), size)
    return figure


def _panels(count: int, size: Size) -> tuple[Figure, Any]:
    from sglr.artefacts.drawing import panels

    if size.narrow:
        return panels(count, 2, 2.2, size, sharex=True, sharey="col")
    return panels(2, count, 1.75, size, sharex=True, sharey="row")


def _draw_course(axis: Any, labels: pd.DataFrame, method: str) -> Any:
    """Shade each class and epoch by the class's share of the label; return what shades."""
    from matplotlib.colors import PowerNorm

    names = labels.drop_duplicates("target_class").set_index("target_class")
    names = names["class_name"].sort_index()
    own = labels[labels["method"] == method]
    shares = own.pivot(index="target_class", columns="epoch", values="probability")
    shares = shares.reindex(names.index).fillna(0)
    last = shares.columns.max()
    shares = shares.reindex(columns=range(1, last + 1))  # blank where not recorded
    shown = axis.imshow(
        shares.to_numpy(),
        cmap="Greys",
        norm=PowerNorm(0.5, 0, 1),  # a smoothed label's few percent are seen
        extent=(0.5, last + 0.5, len(names) - 0.5, -0.5),
        aspect="auto",
        interpolation="nearest",
    )
    axis.set_yticks(range(len(names)), names)
    return shown


def _draw_curves(axis: Any, curves: pd.DataFrame, line: Line, size: Size) -> None:
    from sglr.artefacts.drawing import draw_curve

    for split, opacity in (("train", LIGHT), ("test", 1)):
        part = curves[curves["split"] == split]
        draw_curve(axis, part, "accuracy", line, size, 100, opacity)
    axis.set(ylim=(0, 100), xlim=(0.5, curves["epoch"].max() + 0.5))


def _name_axes(axes: Any, size: Size, curves: pd.DataFrame) -> None:
    robust = f"robust accuracy (%)\ntest: PGD-{curves['num_steps'].iloc[0]}"
    for axis in axes[-1]:
        axis.set_xlabel("epoch")
    if size.narrow:
        for axis in axes[:, 1]:
            axis.set_ylabel(robust)
    else:
        axes[0, 0].set_ylabel("an example's label")
        axes[1, 0].set_ylabel(robust)


def note(frames: dict[str, pd.DataFrame], scale: Scale) -> str:
    """Return what stands above the figure."""
    data = scale.data[scale.roles.ten_classes]
    count = min(scale.measurement.num_curve, data.num_test)
    robust = f"test accuracy on {count:,} images"
    known = frames["figure2_course"].groupby("method")["epoch"].nunique()
    gaps = known.min() < frames["figure2"]["epoch"].max()
    label = "label: seed 0" + (", blank where it was not recorded" if gaps else "")
    words = (trained_on(data), robust, seeds(frames["figure2"]), label)
    return f"{scale.label}; {'; '.join(words)}"


def describe(frames: dict[str, pd.DataFrame]) -> list[str]:
    """Return what the figure shows, in sentences (means over seeds)."""
    sentences = []
    for method, part in frames["figure2"].groupby("method", sort=False):
        mean = part.groupby(["split", "epoch"])["accuracy"].mean()
        test, end = course(mean["test"]), 100 * mean["train"].iloc[-1]
        label = METHODS[str(method)].label
        sentences.append(f"{label}: test {test}, training ends at {end:.1f} %.")
    return sentences
