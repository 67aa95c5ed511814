"""Figure 5: features under label noise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from sglr.artefacts.style import CLASSES, Size
from sglr.artefacts.words import mean_of_seeds, trained_on
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
    names = [METHODS[method].label for method in methods]
    titles = [f"label noise {noise:g}" for noise in noises]
    if size.narrow:
        figure, axes = drawing.panels(len(noises), len(methods), 1.5, size)
        drawing.name_grid(axes, titles, names)
        by_method = axes.T
    else:
        figure, axes = drawing.panels(len(methods), len(noises), 2.0, size)
        drawing.name_grid(axes, names, titles)
        by_method = axes
    room = size.characters // len(by_method[0])
    for method, row in zip(methods, by_method, strict=True):
        for noise, axis in zip(noises, row, strict=True):
            shown, known = _of(points, method, noise), _of(numbers, method, noise)
            _draw_cell(axis, shown, known, size, room)
    _draw_classes(figure, points, size)
    return figure


def _of(frame: pd.DataFrame, method: str, noise: float) -> pd.DataFrame:
    return frame[(frame["method"] == method) & (frame["noise"] == noise)]


def _draw_cell(
    axis: Any, points: pd.DataFrame, numbers: pd.DataFrame, size: Size, room: int
) -> None:
    """The points, and beneath them the numbers, in words where `room` is for so many characters."""
    colors = [_color(label) for label in points["label"]]
    dot = 1.5 if size.narrow else 3 * size.line
    axis.scatter(
        points["x"], points["y"], s=dot, c=colors, linewidth=0, rasterized=True
    )
    axis.set(xticks=[], yticks=[])
    axis.set_xlabel("\n".join(_words(numbers, room)), fontsize=size.small)


def _words(numbers: pd.DataFrame, room: int) -> list[str]:
    of_seed_0 = numbers[numbers["seed"] == 0]
    drawn = _hundredths(of_seed_0["drawn_silhouette"].mean())
    tested = _hundredths(numbers["silhouette"].mean())
    ratio = f"{numbers['variance_ratio'].mean():.2f}"
    if room < 32:
        return [f"drawn: {drawn}", f"test: {tested}; {ratio}"]
    return [
        f"silhouette, drawn: {drawn}",
        f"silhouette, test: {tested}",
        f"within/between, test: {ratio}",
    ]


def _hundredths(value: float) -> str:
    return f"{round(value, 2) + 0:.2f}"  # plus zero: -0.00 has no sign


def _draw_classes(figure: Figure, points: pd.DataFrame, size: Size) -> None:
    """The one legend: the classes."""
    from sglr.artefacts import drawing

    classes = points.drop_duplicates("label").sort_values("label")
    dots = []
    for label, name in zip(classes["label"], classes["class_name"], strict=True):
        dots.append(drawing.dot_handle(_color(label), str(name), size))
    drawing.legend(figure, dots, size, title="true class")


def _color(label: float) -> str:
    return CLASSES[int(label) % len(CLASSES)]


def note(frames: dict[str, pd.DataFrame], scale: Scale) -> str:
    """Return what stands above the figure."""
    data = scale.data[scale.roles.label_noise]
    drawn = min(scale.measurement.num_features, data.num_train)
    seeds = mean_of_seeds(frames["figure5_separability"])
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
        words = []
        for noise, (tested, drawn) in mean.iterrows():
            words.append(f"{tested:.2f} at noise {noise:g} ({drawn:.2f} as drawn)")
        name = METHODS[str(method)].label
        sentences.append(f"{name}: silhouette of test images {', '.join(words)}.")
    return sentences
