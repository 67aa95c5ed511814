"""Figures 1-5 from collected CSVs: each function draws on given axes; nothing is computed but means over seeds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sglr.methods import METHODS

TRAIN, TEST, THIRD = sns.color_palette("colorblind")[:3]
STYLE: dict = {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "pdf.fonttype": 42}
STYLE["svg.hashsalt"] = "sglr"  # ids inside an SVG are otherwise new in every file


def render(number: int, collected: Path, label: str, out: Path) -> None:
    """Write out/figure{number}.pdf, .png and .svg with fixed metadata: an unchanged figure is an unchanged file."""
    with plt.rc_context(STYLE):
        figure = _FIGURES[number](collected)
        figure.suptitle(label, fontsize=8, color="0.35")
        out.mkdir(parents=True, exist_ok=True)
        figure.savefig(out / f"figure{number}.pdf", metadata={"CreationDate": None})
        figure.savefig(out / f"figure{number}.png", dpi=150, metadata={"Software": None})
        figure.savefig(out / f"figure{number}.svg", metadata={"Date": None})
        plt.close(figure)


def _figure1(collected: Path) -> Figure:
    frame = pd.read_csv(collected / "figure1.csv")
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    for quantity, color, label in (
        ("gradient_norm", TRAIN, "mean over mini-batches"),
        ("gradient_norm_full", TEST, "full, fixed subset"),
    ):
        draw_mean(left, frame[frame["quantity"] == quantity], "value", color, label)
    left.set(xlabel="epoch", ylabel="gradient norm (l2)", title="(a) gradient norm, PGD-AT")
    for quantity, color, label in (
        ("train_accuracy", TRAIN, "train (running)"),
        ("test_pgd20_accuracy", TEST, "test, PGD-20"),
    ):
        draw_mean(right, frame[frame["quantity"] == quantity], "value", color, label, scale=100)
    twin = right.twinx()
    twin.spines["right"].set_visible(True)
    information = frame[frame["quantity"] == "information_in_weights"]
    draw_mean(twin, information, "value", THIRD, "information in weights", style="--")
    twin.set(ylabel="information in weights (arbitrary units)", yscale="log")
    right.set(xlabel="epoch", ylabel="robust accuracy (%)", title="(b) robust accuracy and information")
    for axis in (left, right):
        mark_drops(axis, frame[frame["quantity"] == "learning_rate"])
    below(left)
    handles = [*right.get_lines()[:2], *twin.get_lines()[:1]]
    below(right, handles=handles)
    return figure


def draw_mean(
    axis: Axes, frame: pd.DataFrame, column: str, color: tuple, label: str, scale: float = 1, style: str = "-"
) -> None:
    """Draw the mean over seeds of `column` against the epoch."""
    mean = frame.groupby("epoch")[column].mean() * scale
    axis.plot(mean.index, mean.to_numpy(), style, color=color, label=label, linewidth=1.4)


def below(axis: Axes, **options: Any) -> None:
    """Put the legend under the axes, where no curve can run into it."""
    axis.legend(frameon=False, fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=4, **options)


def mark_drops(axis: Axes, rates: pd.DataFrame) -> None:
    """Draw a dotted line at each epoch at which the learning rate drops."""
    rate = rates.groupby("epoch")["value"].mean()
    for epoch in rate.index[rate.diff() < 0]:
        axis.axvline(epoch, color="0.6", linestyle=":", linewidth=0.9)


def _figure2(collected: Path) -> Figure:
    curves, labels = pd.read_csv(collected / "figure2.csv"), pd.read_csv(collected / "figure2_labels.csv")
    methods = list(dict.fromkeys(curves["method"]))
    figure, axes = plt.subplots(2, len(methods), figsize=(3 * len(methods), 5), layout="constrained", squeeze=False)
    for column, method in enumerate(methods):
        upper, lower = axes[:, column]
        example = labels[(labels["method"] == method) & (labels["class_index"] == 3)]
        upper.bar(example["target_class"], example["probability"], color=THIRD)
        upper.set(ylim=(0, 1.05), xlabel="class", title=METHODS[method].label)
        for split, color in (("train", TRAIN), ("test", TEST)):
            part = curves[(curves["method"] == method) & (curves["split"] == split)]
            draw_mean(lower, part, "accuracy", color, split, scale=100)
        lower.set(xlabel="epoch", ylim=(0, 100))
    axes[0, 0].set_ylabel("label of one example\n(final epoch)")
    axes[1, 0].set_ylabel(f"robust accuracy (%)\ntest: PGD-{curves['num_steps'].iloc[0]}")
    axes[1, 0].legend(frameon=False)
    return figure


def _figure3(collected: Path) -> Figure:
    frame = pd.read_csv(collected / "figure3.csv")
    figure, axes = plt.subplots(1, 2, figsize=(8, 3.8), layout="constrained")
    for axis, name in zip(axes, ("natural", "adversarial"), strict=True):
        part = frame[frame["input"] == name].sort_values("epoch")
        age = part["epoch"] / part["epoch"].max()
        points = axis.scatter(
            part["confidence_correct"], part["confidence_incorrect"], c=part["epoch"], s=15 + 90 * age, cmap="Blues"
        )
        points.set(edgecolor="0.4", linewidth=0.4, clim=(0, part["epoch"].max()), zorder=2)
        axis.axvline(part["accuracy"].max(), color="0.5", linestyle="--", label="best accuracy", zorder=1)
        axis.plot([1], [0], "*", color="tab:red", markersize=14, label="ideal", clip_on=False)
        axis.set(xlim=(0, 1.02), ylim=(-0.02, 1), title=f"{name} test images")
        axis.set(xlabel="mean confidence when correct", ylabel="mean confidence when incorrect")
        below(axis)
    figure.colorbar(points, ax=axes, label="epoch")
    return figure


def _figure4(collected: Path) -> Figure:
    frame = pd.read_csv(collected / "figure4.csv")
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    lines = [
        ("hard labels", frame[frame["method"] == "standard"], TRAIN, 1.6),
        ("SGLR (r = 1)", frame[(frame["method"] != "standard") & (frame["r"] == 1)], TEST, 1.6),
        ("SGLR (r = 0.2)", frame[(frame["method"] != "standard") & (frame["r"] == 0.2)], THIRD, 0.8),
    ]
    for axis, split in zip(axes, ("train", "test"), strict=True):
        for name, part, color, width in lines:
            draw_mean(axis, part[part["split"] == split], "accuracy", color, name, scale=100)
            axis.get_lines()[-1].set_linewidth(width)
        axis.set(xlabel="epoch", ylabel=f"{split} accuracy (%)", ylim=(0, 103))
    for column, style, name in (("untouched_portion", "--", "untouched labels"), ("true_portion", ":", "true labels")):
        axes[0].axhline(100 * frame[column].mean(), color="0.5", linestyle=style, label=name)
    axes[0].set_title(f"training images, given labels ({100 * frame['noise'].iloc[0]:.0f} % noise)")
    seeds = frame["seed"].nunique()
    axes[1].set_title("test images" if seeds == 1 else f"test images, mean of {seeds} seeds")
    for axis in axes:
        below(axis)
    return figure


def _figure5(collected: Path) -> Figure:
    points, numbers = pd.read_csv(collected / "figure5.csv"), pd.read_csv(collected / "figure5_separability.csv")
    methods, noises = list(dict.fromkeys(points["method"])), sorted(points["noise"].unique())
    size = (2.4 * len(noises), 2.5 * len(methods))
    figure, axes = plt.subplots(len(methods), len(noises), figsize=size, layout="constrained", squeeze=False)
    colors = np.array(sns.color_palette("colorblind", 10))
    for row, method in enumerate(methods):
        for column, noise in enumerate(noises):
            axis = axes[row, column]
            part = points[(points["method"] == method) & (points["noise"] == noise)]
            axis.scatter(part["x"], part["y"], s=3, c=colors[part["label"].astype(int) % 10])
            number = numbers[(numbers["method"] == method) & (numbers["noise"] == noise)]
            ratio, silhouette = number["variance_ratio"].mean(), number["silhouette"].mean()
            axis.set(xticks=[], yticks=[], xlabel=f"within/between {ratio:.2f}, silhouette {silhouette:.2f}")
            axis.xaxis.label.set_size(7)
        axes[row, 0].set_ylabel(METHODS[method].label)
    for column, noise in enumerate(noises):
        axes[0, column].set_title(f"label noise {noise:g}")
    classes = sorted(points["label"].astype(int).unique())
    dots = [Line2D([], [], linestyle="", marker="o", color=colors[label % 10], label=str(label)) for label in classes]
    figure.legend(handles=dots, title="true class", frameon=False, loc="outside right center")
    return figure


_FIGURES: dict[int, Callable[[Path], Figure]] = {1: _figure1, 2: _figure2, 3: _figure3, 4: _figure4, 5: _figure5}
