"""Figures 1-5 from collected CSVs written by hand: what the artists hold, not how the pixels look."""

from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from tools import manifest_of

from sglr.artefacts.collect import collect as collect_runs
from sglr.artefacts.render import render
from sglr.files.records import write_csv, write_json
from sglr.plan.plan_files import load_plan

LABEL = "a scale: not the paper's numbers"
SCALE = SimpleNamespace(label=LABEL)
EPOCHS = np.arange(1, 9)


def figure1() -> dict[str, pd.DataFrame]:
    rate = np.where(EPOCHS < 4, 0.1, np.where(EPOCHS < 6, 0.01, 0.001))
    values = {
        "learning_rate": rate,
        "gradient_norm": EPOCHS / 10,
        "gradient_norm_full": EPOCHS / 20,
    }
    values |= {"train_accuracy": EPOCHS / 10, "test_pgd20_accuracy": 0.5 - EPOCHS / 100}
    values |= {"information_in_weights": 10.0**EPOCHS}
    frames = [
        pd.DataFrame(
            {
                "seed": seed,
                "epoch": EPOCHS,
                "quantity": name,
                "value": value * (1 + seed),
            }
        )
        for name, value in values.items()
        for seed in (0, 1)
    ]
    return {"figure1": pd.concat(frames)}


def curves(**columns: object) -> list[pd.DataFrame]:
    return [
        pd.DataFrame(
            {
                "seed": 0,
                "epoch": EPOCHS,
                "split": split,
                "accuracy": accuracy,
                **columns,
            }
        )
        for split, accuracy in (("train", EPOCHS / 10), ("test", 0.5 - EPOCHS / 100))
    ]


def figure2() -> dict[str, pd.DataFrame]:
    methods = ("at", "ls", "sglr")
    labels = [
        (method, index, target, share if index == target else (1 - share) / 9)
        for method, share in zip(methods, (1.0, 0.82, 0.7), strict=True)
        for index in range(10)
        for target in range(10)
    ]
    columns = ["method", "class_index", "target_class", "probability"]
    frame = pd.concat(
        [part for method in methods for part in curves(method=method, num_steps=13)]
    )
    return {"figure2": frame, "figure2_labels": pd.DataFrame(labels, columns=columns)}


def figure3() -> dict[str, pd.DataFrame]:
    frames = [
        pd.DataFrame({"seed": 0, "epoch": EPOCHS, "input": name, "ece": 0.1})
        .assign(
            confidence_correct=start + EPOCHS / 40,
            confidence_incorrect=start / 2 + EPOCHS / 40,
        )
        .assign(accuracy=start + 0.1 - abs(EPOCHS - 5) / 100)
        for name, start in (("natural", 0.6), ("adversarial", 0.4))
    ]
    return {"figure3": pd.concat(frames)}


def figure4() -> dict[str, pd.DataFrame]:
    kinds = (("standard", None), ("standard_sglr", 1.0), ("standard_sglr", 0.2))
    frames = [
        part
        for method, r in kinds
        for part in curves(
            method=method, r=r, untouched_portion=0.7, true_portion=0.73, noise=0.3
        )
    ]
    return {"figure4": pd.concat(frames)}


def figure5() -> dict[str, pd.DataFrame]:
    methods, noises, turn = (
        ("standard", "standard_ls", "standard_sglr"),
        (0.0, 0.2, 0.4, 0.6),
        np.arange(20),
    )
    points = [
        pd.DataFrame(
            {
                "method": method,
                "noise": noise,
                "x": turn * (1 + noise),
                "y": -turn,
                "label": turn % 10,
            }
        )
        for method in methods
        for noise in noises
    ]
    numbers = [
        {
            "method": method,
            "noise": noise,
            "seed": seed,
            "silhouette": 0.5 - noise / 2,
            "variance_ratio": noise + seed,
        }
        for method in methods
        for noise in noises
        for seed in (0, 1)
    ]
    return {"figure5": pd.concat(points), "figure5_separability": pd.DataFrame(numbers)}


COLLECTED = {1: figure1, 2: figure2, 3: figure3, 4: figure4, 5: figure5}


def collect(number: int, folder: Path) -> None:
    (folder / "collected").mkdir(exist_ok=True)
    for name, frame in COLLECTED[number]().items():
        frame.to_csv(folder / f"collected/{name}.csv", index=False)


@pytest.fixture
def draw(tmp_path, monkeypatch):
    """Render a figure and hand it over before it is closed."""
    close = plt.close
    monkeypatch.setattr(plt, "close", lambda *_: None)

    def drawn(number: int) -> Figure:
        collect(number, tmp_path)
        render(f"figure{number}", SCALE, tmp_path, tmp_path / "out")
        return plt.gcf()

    yield drawn
    close("all")


def line(axis: Axes, label: str) -> np.ndarray:
    (found,) = [line for line in axis.get_lines() if line.get_label() == label]
    return np.asarray(found.get_xydata())


def dots(axis: Axes) -> PathCollection:
    (found,) = [
        collection
        for collection in axis.collections
        if isinstance(collection, PathCollection)
    ]
    return found


def test_figure1_draws_means_over_seeds_and_the_drops_of_the_rate(draw):
    left, right, twin = draw(1).axes
    np.testing.assert_allclose(
        line(left, "mean over mini-batches"), np.c_[EPOCHS, 1.5 * EPOCHS / 10]
    )
    # Percent.
    np.testing.assert_allclose(
        line(right, "train (running)"), np.c_[EPOCHS, 1.5 * 10 * EPOCHS]
    )
    np.testing.assert_allclose(
        line(twin, "information in weights"), np.c_[EPOCHS, 1.5 * 10.0**EPOCHS]
    )
    for axis in (left, right):
        drops = [
            line.get_xdata()[0]
            for line in axis.get_lines()
            if line.get_linestyle() == ":"
        ]
        assert drops == [4, 6]


def test_figure2_has_a_label_above_its_learning_curves(draw):
    axes = np.array(draw(2).axes).reshape(2, 3)
    heights = [[bar.get_height() for bar in axis.patches] for axis in axes[0]]
    np.testing.assert_allclose([bars[3] for bars in heights], [1, 0.82, 0.7])
    np.testing.assert_allclose(np.sum(heights, axis=1), 1)
    assert [axis.get_title() for axis in axes[0]] == [
        "PGD-AT",
        "PGD-AT+LS",
        "PGD-AT+SGLR",
    ]
    np.testing.assert_allclose(line(axes[1, 2], "test"), np.c_[EPOCHS, 50 - EPOCHS])
    assert "PGD-13" in axes[1, 0].get_ylabel()


def test_figure3_dots_grow_and_darken_and_the_ideal_is_certain_only_when_right(draw):
    natural, adversarial = draw(3).axes[:2]
    for axis, start in ((natural, 0.6), (adversarial, 0.4)):
        points = dots(axis)
        np.testing.assert_allclose(
            points.get_offsets(), np.c_[start + EPOCHS / 40, start / 2 + EPOCHS / 40]
        )
        assert (np.diff(points.get_sizes()) > 0).all() and (
            np.diff(points.get_array()) > 0
        ).all()
        assert line(axis, "ideal").tolist() == [[1, 0]]
        np.testing.assert_allclose(line(axis, "best accuracy")[:, 0], start + 0.1)


def test_figure3_colour_bar_shows_epochs_that_exist(draw):
    assert draw(3).axes[-1].get_ylim() == (0, EPOCHS.max())


@pytest.mark.parametrize("number", [1, 3, 4])
def test_legends_stand_clear_of_the_curves(draw, number):
    figure = draw(number)
    figure.canvas.draw()
    legends = [axis.get_legend() for axis in figure.axes if axis.get_legend()]
    assert len(legends) == 2
    for legend in legends:
        assert not any(
            legend.get_window_extent().overlaps(axis.get_window_extent())
            for axis in figure.axes
        )


def test_figure4_has_training_left_test_right_and_the_untouched_portion(draw):
    train, test = draw(4).axes
    for name in ("hard labels", "SGLR (r = 1)", "SGLR (r = 0.2)"):
        np.testing.assert_allclose(line(train, name), np.c_[EPOCHS, 10 * EPOCHS])
        np.testing.assert_allclose(line(test, name), np.c_[EPOCHS, 50 - EPOCHS])
    np.testing.assert_allclose(line(train, "untouched labels")[:, 1], 70)
    np.testing.assert_allclose(line(train, "true labels")[:, 1], 73)
    assert "30 % noise" in train.get_title()


def test_figure5_is_a_grid_of_methods_by_noise_with_its_numbers(draw):
    figure = draw(5)
    axes = np.array(figure.axes).reshape(3, 4)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        str(label) for label in range(10)
    ]
    assert [axis.get_ylabel() for axis in axes[:, 0]] == [
        "hard labels",
        "soft labels",
        "SGLR",
    ]
    assert [axis.get_title() for axis in axes[0]] == [
        "label noise 0",
        "label noise 0.2",
        "label noise 0.4",
    ] + ["label noise 0.6"]
    np.testing.assert_allclose(
        dots(axes[2, 3]).get_offsets(), np.c_[np.arange(20) * 1.6, -np.arange(20)]
    )
    # Means over the two seeds.
    assert axes[1, 2].get_xlabel() == "within/between 0.90, silhouette 0.30"


def test_figure5_colours_a_class_as_its_legend_says_and_covers_no_panel(draw):
    figure = draw(5)
    figure.canvas.draw()
    (legend,) = figure.legends
    entries = zip(legend.texts, legend.legend_handles, strict=True)
    named = {text.get_text(): handle.get_color() for text, handle in entries}
    for axis in figure.axes:
        shown = dots(axis).get_facecolors()[:, :3]  # the n-th dot is of class n % 10
        np.testing.assert_allclose(
            shown, [named[str(index % 10)] for index in range(len(shown))]
        )
        assert not legend.get_window_extent().overlaps(axis.get_tightbbox())
    assert not any(
        legend.get_window_extent().overlaps(text.get_window_extent())
        for text in figure.texts
    )


def test_attack_and_label_noise_are_what_the_runs_record(tmp_path):
    plan = load_plan("smoke")  # whose trainings attack in 2 steps
    for run in plan.runs_of["figure2"] + plan.runs_of["figure4"]:
        folder = tmp_path / "smoke/runs" / run.id
        history = {
            "epoch": 1,
            "train_accuracy": 0.5,
            "test_natural_accuracy": 0.4,
            "test_robust_accuracy": 0.3,
        }
        write_csv(folder / "history.csv", [history])
        write_csv(
            folder / "labels.csv",
            [{"class_index": 0, "target_class": 0, "probability": 1.0}],
        )
        write_json(
            folder / "manifest.json",
            manifest_of(plan, run) | {"untouched_portion": 0.625, "true_portion": 0.65},
        )
    for name in ("figure2", "figure4"):
        collect_runs(name, plan, tmp_path)
    curves, noisy = (
        pd.read_csv(tmp_path / f"smoke/collected/{name}.csv")
        for name in ("figure2", "figure4")
    )
    assert set(curves["num_steps"]) == {3}
    assert noisy[
        ["noise", "untouched_portion", "true_portion"]
    ].drop_duplicates().values.tolist() == [[0.4, 0.625, 0.65]]


@pytest.mark.parametrize("number", COLLECTED)
def test_every_figure_states_the_scale(draw, number):
    assert draw(number).get_suptitle() == LABEL


@pytest.mark.parametrize("number", COLLECTED)
def test_an_unchanged_figure_is_an_unchanged_file(tmp_path, number):
    collect(number, tmp_path)
    for out in ("once", "again"):
        render(f"figure{number}", SCALE, tmp_path, tmp_path / out)
    for name in (f"figure{number}.pdf", f"figure{number}.png"):
        assert (tmp_path / "once" / name).read_bytes() == (
            tmp_path / "again" / name
        ).read_bytes()
    # It has whole seconds only.
    assert b"/CreationDate" not in (tmp_path / f"once/figure{number}.pdf").read_bytes()


def test_drawing_leaves_the_style_and_the_open_figures_alone(tmp_path):
    collect(4, tmp_path)
    opened = plt.get_fignums()
    with plt.rc_context({"font.size": 23, "axes.spines.top": True}):  # the user's own
        before = dict(plt.rcParams)
        render("figure4", SCALE, tmp_path, tmp_path / "out")
        assert dict(plt.rcParams) == before and plt.get_fignums() == opened
