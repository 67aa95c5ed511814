"""Figure 1: gradient norm and information in weights along PGD-AT."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from sglr.artefacts.style import LIGHT, Size, line_of
from sglr.artefacts.words import course, seeds, trained_on
from sglr.collected.runs import Runs
from sglr.plan.scales import Scale

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "Figure 1"
CAPTION = (
    "PGD-AT, epoch by epoch: the norm of the loss gradient, as the mean over mini-batches (the paper's) and of "
    "all of a fixed subset at once; robust accuracy on training images (light) and test images; the information "
    "in the weights. Norm (b) and information (d) are taken with BatchNorm statistics of the measured images, the "
    "information image by image, with their standard error; light, as the network's own statistics and mini-batches "
    "give them. Dotted lines mark drops of the learning rate, other bands the range over seeds. In robust "
    "overfitting test accuracy falls while training accuracy rises."
)
READS = ("history.csv", "trajectory.csv")
COLLECTED = ("figure1",)

_HISTORY = ["gradient_norm", "train_accuracy", "learning_rate"]
_NORM, _INFORMATION = "gradient_norm_settled", "information_settled"
# Beside each of the two: as the network's own BatchNorm statistics and mini-batches give it.
_PLAIN = {_NORM: "gradient_norm_full", _INFORMATION: "information_in_weights"}
_TRAJECTORY = [
    *(_NORM, f"{_NORM}_se", _INFORMATION, f"{_INFORMATION}_se"),
    *(*_PLAIN.values(), "test_pgd20_accuracy"),
]


def collect(runs: Runs) -> dict[str, Any]:
    """Return a row for each quantity, seed and epoch."""
    keys, parts = ["seed", "epoch"], []
    for run in runs.done:
        for name, columns in zip(READS, (_HISTORY, _TRAJECTORY), strict=True):
            # Trajectories measured before a column was added lack it.
            wide = runs.csv(run, name).reindex(columns=[*keys, *columns])
            tidy = wide.melt(keys, columns, "quantity", "value")
            parts.append(tidy.assign(**runs.mark(run)))
    return {"figure1": pd.concat(parts)}


def draw(frames: dict[str, pd.DataFrame], size: Size) -> Figure:
    """Draw a panel for each norm, for the accuracies and for the information."""
    from sglr.artefacts import drawing

    of = dict(iter(frames["figure1"].groupby("quantity")))
    line = line_of("at")
    rows, columns = (4, 1) if size.narrow else (2, 2)
    figure, axes = drawing.panels(rows, columns, 1.75, size, sharex=True)
    batches, subset, accuracy, information = axes.flat
    drawing.draw_curve(batches, of["gradient_norm"], "value", line, size)
    for axis, name in ((subset, _NORM), (information, _INFORMATION)):
        drawing.draw_curve(axis, of[_PLAIN[name]], "value", line, size, 1, LIGHT)
        drawing.draw_curve(axis, of[name], "value", line, size)
        _draw_error(axis, of, name, line.color)
    for name, opacity in (("train_accuracy", LIGHT), ("test_pgd20_accuracy", 1)):
        drawing.draw_curve(accuracy, of[name], "value", line, size, 100, opacity)
    batches.set(title="(a) mini-batches", ylabel="gradient norm", ylim=(0, None))
    subset.set(title="(b) fixed subset", ylabel="gradient norm", ylim=(0, None))
    accuracy.set(title="(c) robustness", ylabel="robust accuracy (%)", ylim=(0, 100))
    information.set(
        title="(d) information in weights", ylabel="arbitrary units", yscale="log"
    )
    drops = _drops(of["learning_rate"])
    for axis in axes.flat:
        drawing.mark_epochs(axis, drops, size)
    for axis in axes[-1]:
        axis.set_xlabel("epoch")
    images, light = drawing.split_handles(line, size)
    images.set_label("test images (c)")
    light.set_label("training images (c), running statistics (b, d)")
    handles = [images, light, *drawing.mark_handles(drops, size)]
    drawing.legend(figure, handles, size)
    return figure


def _draw_error(axis: Any, of: dict[str, pd.DataFrame], name: str, color: str) -> None:
    """Draw a band of one standard error, the mean over seeds, around the mean."""
    value = of[name].groupby("epoch")["value"].mean()
    error = of[f"{name}_se"].groupby("epoch")["value"].mean()
    look: dict[str, Any] = {"color": color, "alpha": 0.3, "linewidth": 0}
    axis.fill_between(value.index, value - error, value + error, **look)


def _drops(rates: pd.DataFrame) -> pd.DataFrame:
    """The epochs at which the learning rate drops, as marks."""
    rate = rates.groupby("epoch")["value"].mean()
    epochs = rate.index[rate.diff() < 0]
    return pd.DataFrame({"event": "learning rate drops", "epoch": epochs})


def note(frames: dict[str, pd.DataFrame], scale: Scale) -> str:
    """Return what stands above the figure."""
    data = scale.data[scale.roles.ten_classes]
    sizes = f"test accuracy on {data.num_test:,} images"
    subset = f"the subset has {scale.measurement.num_gradient:,} images"
    light = "running statistics: BatchNorm's"
    words = (trained_on(data), sizes, subset, seeds(frames["figure1"]), light)
    return f"PGD-AT. {scale.label}; {'; '.join(words)}"


def describe(frames: dict[str, pd.DataFrame]) -> list[str]:
    """Return what the figure shows, in sentences (means over seeds)."""
    mean = frames["figure1"].groupby(["quantity", "epoch"])["value"].mean()
    first, *_, last = mean["gradient_norm"]
    end = 100 * mean["train_accuracy"].iloc[-1]
    return [
        f"PGD-AT: the mean gradient norm goes from {first:.2g} to {last:.2g};",
        f"robust accuracy on training images ends at {end:.1f} %,",
        f"on test images it {course(mean['test_pgd20_accuracy'])}.",
    ]
