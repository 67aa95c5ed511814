"""Figure 5: features under label noise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from sglr.artefacts.style import CLASSES, Size
from sglr.artefacts.words import trained_on
from sglr.collected.runs import Runs
from sglr.files.errors import NotYet
from sglr.methods import METHODS
from sglr.plan.names import class_name
from sglr.plan.scales import Scale

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "Figure 5"
CAPTION = (
    "Penultimate features of the final networks (t-SNE of training images, coloured by true class), by method and "
    "label noise. Beneath, drawn: silhouette of the points as they are drawn; test: of test images in the full "
    "feature space, mean over seeds, silhouette (more is better separated) and within- over between-class "
    "variance (less is tighter). Training images can be memorised, test images cannot: the two may disagree."
)
READS = ("features.csv", "separability.json")
COLLECTED = ("figure5", "figure5_separability")


def collect(runs: Runs) -> dict[str, Any]:
    """Return the points of seed 0, and how separable every run's points and features are."""
    points, numbers = [], []
    for run in runs.done:
        found = runs.csv(run, "features.csv").assign(noise=run.label_noise)
        if run.seed == 0:
            source = runs.scale.data[run.dataset].source
            named = [class_name(source, label) for label in found["label"]]
            points.append(found.assign(class_name=named))
        row = {"method": run.method, "noise": run.label_noise, "seed": run.seed}
        row["drawn_silhouette"] = _silhouette(found)
        numbers.append(row | runs.json(run, "separability.json") | runs.mark(run))
    if not points:
        raise NotYet(
            "figure5: no run of seed 0, whose points are drawn, is measured yet"
        )
    columns = ["method", "noise", "x", "y", "label", "class_name"]
    return {
        "figure5": pd.concat(points)[columns],
        "figure5_separability": pd.DataFrame(numbers),
    }


def _silhouette(points: pd.DataFrame) -> float:
    """Of the points in the plane, by true class."""
    from sklearn.metrics import silhouette_score  # takes a second to import

    return float(silhouette_score(points[["x", "y"]], points["label"]))


def draw(frames: dict[str, pd.DataFrame], size: Size) -> Figure:
    """Draw a panel for each method and noise level."""
    from sglr.artefacts import drawing

    points, numbers = (frames[name] for name in COLLECTED)
    methods = list(dict.fromkeys(points["method"]))
    noises = sorted(points["noise"].unique())
    grid = (len(noises), len(methods)) if size.narrow else (len(methods), len(noises))
    figure, axes = drawing.panels(*grid, 1.5 if size.narrow else 2.0, size)
    by_method = axes.T if size.narrow else axes
    for method, row in zip(methods, by_method, strict=True):
        for noise, axis in zip(noises, row, strict=True):
            cell, number = (
                frame[(frame["method"] == method) & (frame["noise"] == noise)]
                for frame in (points, numbers)
            )
            _draw_cell(axis, cell, number, size, size.characters // len(row))
    names = [METHODS[method].label for method in methods]
    titles = [f"label noise {noise:g}" for noise in noises]
    drawing.name_grid(axes, *((titles, names) if size.narrow else (names, titles)))
    _draw_classes(figure, points, size)
    return figure


def _draw_cell(
    axis: Any, points: pd.DataFrame, numbers: pd.DataFrame, size: Size, room: int
) -> None:
    """The points, and beneath them the numbers, in words where `room` is for so many characters."""
    colors = [CLASSES[label % len(CLASSES)] for label in points["label"].astype(int)]
    dot = 1.5 if size.narrow else 3 * size.line
    axis.scatter(
        points["x"], points["y"], s=dot, c=colors, linewidth=0, rasterized=True
    )
    axis.set(xticks=[], yticks=[])
    drawn = numbers[numbers["seed"] == 0]["drawn_silhouette"].mean()
    silhouette, ratio = (
        numbers[name].mean() for name in ("silhouette", "variance_ratio")
    )
    seen, tested = (f"{round(value, 2) + 0:.2f}" for value in (drawn, silhouette))
    lines = [f"drawn: {seen}", f"test: {tested}; {ratio:.2f}"]
    if room >= 32:
        lines = [f"silhouette, drawn: {seen}", f"silhouette, test: {tested}"]
        lines.append(f"within/between, test: {ratio:.2f}")
    axis.set_xlabel("\n".join(lines), fontsize=size.small)


def _draw_classes(figure: Figure, points: pd.DataFrame, size: Size) -> None:
    """The one legend: the classes."""
    from sglr.artefacts import drawing

    classes = points.drop_duplicates("label").sort_values("label")
    pairs = zip(classes["label"].astype(int), classes["class_name"], strict=True)
    dots = [
        drawing.dot_handle(CLASSES[label % len(CLASSES)], str(name), size)
        for label, name in pairs
    ]
    drawing.legend(figure, dots, size, title="true class")


def note(frames: dict[str, pd.DataFrame], scale: Scale) -> str:
    """Return what stands above the figure."""
    data = scale.data[scale.roles.label_noise]
    drawn = min(scale.measurement.num_features, data.num_train)
    count = frames["figure5_separability"]["seed"].nunique()
    seeds = f"mean of {count} seeds" if count > 1 else "one seed"
    words = (
        trained_on(data),
        f"drawn: silhouette of the {drawn:,} training images shown (seed 0)",
        f"test: silhouette and within/between variance of {data.num_test:,} test images, {seeds}",
    )
    return f"{scale.label}; {'; '.join(words)}"


def describe(frames: dict[str, pd.DataFrame]) -> list[str]:
    """Return what the figure shows, in sentences (means over seeds)."""
    sentences = []
    for method, part in frames["figure5_separability"].groupby("method", sort=False):
        mean = part.groupby("noise")[["silhouette", "drawn_silhouette"]].mean()
        words = ", ".join(
            f"{row['silhouette']:.2f} at noise {noise:g} ({row['drawn_silhouette']:.2f} as drawn)"
            for noise, row in mean.iterrows()
        )
        name = METHODS[str(method)].label
        sentences.append(f"{name}: silhouette of test images {words}.")
    return sentences
