"""Figures from collected CSVs written by hand: what the artists hold, not how the pixels look."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection, PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from tools import history_of, manifest_of

from sglr.artefacts.collect import collect as collect_runs
from sglr.artefacts.drawing import balanced
from sglr.artefacts.render import render
from sglr.files.errors import UsageError
from sglr.files.records import write_csv, write_json
from sglr.plan.plan_files import load_plan
from sglr.plan.scale_files import load_scale

SCALE = load_scale("smoke")
EPOCHS = np.arange(1, 9)


MARKS = pd.DataFrame(
    [("at", "learning rate drops", 4), ("sglr", "learning rate drops", 4)]
    + [("sglr", "refinement starts", 3)],
    columns=["method", "event", "epoch"],
).assign(r=None)


def figure1() -> dict[str, pd.DataFrame]:
    rate = np.where(EPOCHS < 4, 0.1, np.where(EPOCHS < 6, 0.01, 0.001))
    values = {
        "learning_rate": rate,
        "gradient_norm": EPOCHS / 10,
        "gradient_norm_full": EPOCHS / 20,
    }
    values |= {"train_accuracy": EPOCHS / 10, "test_pgd20_accuracy": 0.5 - EPOCHS / 100}
    values |= {"gradient_norm_settled": EPOCHS / 30, "gradient_norm_settled_se": 0.1}
    values |= {"information_in_weights": 10.0**EPOCHS}
    values |= {"information_settled": 9.0**EPOCHS, "information_settled_se": 2.0}
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
    course = [
        (
            method,
            epoch,
            target,
            f"class {target}",
            own if target == 3 else (1 - own) / 9,
        )
        for method, share in zip(methods, (1.0, 0.82, 0.7), strict=True)
        for epoch in EPOCHS
        for own in [1 if method == "sglr" and epoch < 5 else share]
        for target in range(10)
    ]
    columns = ["method", "epoch", "target_class", "class_name", "probability"]
    frame = pd.concat(
        [part for method in methods for part in curves(method=method, num_steps=13)]
    )
    course = pd.DataFrame(course, columns=columns)
    return {"figure2": frame, "figure2_course": course, "figure2_marks": MARKS}


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
    more = pd.concat(frames)
    other = more.assign(seed=1, accuracy=more["accuracy"] + 0.02)
    return {"figure4": pd.concat([more, other]), "figure4_marks": MARKS}


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
                "class_name": [f"class {label}" for label in turn % 10],
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
            "drawn_silhouette": 0.9 - seed,
        }
        for method in methods
        for noise in noises
        for seed in (0, 1)
    ]
    return {"figure5": pd.concat(points), "figure5_separability": pd.DataFrame(numbers)}


def figure_labels() -> dict[str, pd.DataFrame]:
    kinds = (("sglr", 0.2, 0.0), ("standard_sglr", 1.0, 0.4))
    frames = [
        pd.DataFrame({"method": method, "r": r, "seed": 0, "epoch": EPOCHS})
        .assign(label_accuracy=1 - noise - EPOCHS / 100, noise=noise)
        .assign(given_accuracy=1 - 0.9 * noise)
        for method, r, noise in kinds
    ]
    return {"figure_labels": pd.concat(frames), "figure_labels_marks": MARKS}


COLLECTED = {1: figure1, 2: figure2, 3: figure3, 4: figure4, 5: figure5}
COLLECTED |= {"_labels": figure_labels}


def collect(number: int | str, folder: Path) -> None:
    (folder / "collected").mkdir(exist_ok=True)
    for name, frame in COLLECTED[number]().items():
        frame.to_csv(folder / f"collected/{name}.csv", index=False)


@pytest.fixture
def draw(tmp_path, monkeypatch):
    """Render a figure and hand it over before it is closed."""
    close = plt.close
    monkeypatch.setattr(plt, "close", lambda *_: None)

    def drawn(number: int | str) -> Figure:
        collect(number, tmp_path)
        render(f"figure{number}", SCALE, tmp_path, tmp_path / "out")
        return plt.gcf()

    yield drawn
    close("all")


def curves_of(axis: Axes) -> list[np.ndarray]:
    """The curves of a panel, without its vertical and level lines."""
    found = [np.asarray(line.get_xydata()) for line in axis.get_lines()]
    return [xy for xy in found if len(xy) == len(EPOCHS)]


def marked(axis: Axes) -> list[int]:
    """The epochs of a panel's vertical lines."""
    lines = [line.get_xydata() for line in axis.get_lines()]
    return [xy[0, 0] for xy in lines if len(xy) == 2 and xy[0, 0] == xy[1, 0]]


def dots(axis: Axes) -> PathCollection:
    (found,) = [each for each in axis.collections if isinstance(each, PathCollection)]
    return found


def band(axis: Axes, number: int) -> np.ndarray:
    """Lower and upper end of a panel's n-th band, epoch by epoch."""
    bands = [each for each in axis.collections if isinstance(each, PolyCollection)]
    corners = bands[number].get_paths()[0].vertices
    ends = [corners[corners[:, 0] == epoch, 1] for epoch in EPOCHS]
    return np.array([(end.min(), end.max()) for end in ends])


def test_figure1_draws_means_over_seeds_their_range_and_the_drops_of_the_rate(draw):
    batches, subset, accuracy, information = draw(1).axes
    # The plain measure stands behind the one that repeats.
    means = {
        batches: [EPOCHS / 10],
        subset: [EPOCHS / 20, EPOCHS / 30],
        information: [10.0**EPOCHS, 9.0**EPOCHS],
    }
    for axis, shown in means.items():
        curves = curves_of(axis)
        assert len(curves) == len(shown)
        for number, (curve, values) in enumerate(zip(curves, shown, strict=True)):
            np.testing.assert_allclose(curve, np.c_[EPOCHS, 1.5 * values])
            np.testing.assert_allclose(band(axis, number), np.c_[values, 2 * values])
        assert marked(axis) == [4, 6]
    for axis, values, error in (
        (subset, EPOCHS / 30, 0.1),
        (information, 9.0**EPOCHS, 2.0),
    ):
        ends = np.c_[1.5 * (values - error), 1.5 * (values + error)]
        np.testing.assert_allclose(band(axis, 2), ends)
    train, test = curves_of(accuracy)
    np.testing.assert_allclose(train[:, 1], 1.5 * 10 * EPOCHS)  # percent
    np.testing.assert_allclose(test[:, 1], 1.5 * (50 - EPOCHS))


def test_figure2_has_a_labels_course_above_its_learning_curves(draw):
    figure = draw(2)
    axes = np.array(figure.axes[:6]).reshape(2, 3)
    shares = [axis.images[0].get_array() for axis in axes[0]]
    np.testing.assert_allclose([share[3, -1] for share in shares], [1, 0.82, 0.7])
    np.testing.assert_allclose(np.sum(shares, axis=1), 1)
    np.testing.assert_allclose(shares[2][3], [1] * 4 + [0.7] * 4)
    names = [label.get_text() for label in axes[0, 0].get_yticklabels()]
    assert names == [f"class {label}" for label in range(10)]
    titles = [axis.get_title() for axis in axes[0]]
    assert titles == ["PGD-AT", "PGD-AT+LS", "PGD-AT+SGLR"]
    train, test = curves_of(axes[1, 2])
    np.testing.assert_allclose(test, np.c_[EPOCHS, 50 - EPOCHS])
    np.testing.assert_allclose(train, np.c_[EPOCHS, 10 * EPOCHS])
    assert "PGD-13" in axes[1, 0].get_ylabel()
    assert [marked(axis) for axis in axes[1]] == [[4], [], [4, 3]]


def test_figure3_dots_grow_and_darken_and_the_ideal_is_certain_only_when_right(draw):
    natural, adversarial = draw(3).axes[:2]
    for axis, start in ((natural, 0.6), (adversarial, 0.4)):
        points = dots(axis)
        np.testing.assert_allclose(
            points.get_offsets(), np.c_[start + EPOCHS / 40, start / 2 + EPOCHS / 40]
        )
        assert (np.diff(points.get_sizes()) > 0).all()
        assert (np.diff(points.get_array()) > 0).all()
        (star,) = axis.get_lines()  # no accuracy on an axis of confidences
        assert star.get_xydata().tolist() == [[1, 0]]


def test_figure3_colour_bar_shows_epochs_that_exist(draw):
    assert draw(3).axes[-1].get_ylim() == (0, EPOCHS.max())


@pytest.mark.parametrize("number", COLLECTED)
def test_the_legend_stands_clear_of_the_panels(draw, number):
    figure = draw(number)
    figure.canvas.draw()
    (legend,) = figure.legends
    for axis in figure.axes:
        assert not legend.get_window_extent().overlaps(axis.get_tightbbox())


def test_figure4_has_training_left_test_right_and_the_untouched_portion(draw):
    figure = draw(4)
    train, test = figure.axes
    for axis, values in ((train, 10 * EPOCHS), (test, 50 - EPOCHS)):
        found = curves_of(axis)
        assert len(found) == 3
        for number, curve in enumerate(found):
            np.testing.assert_allclose(curve, np.c_[EPOCHS, values + 1])
            np.testing.assert_allclose(band(axis, number), np.c_[values, values + 2])
        assert sorted(set(marked(axis))) == [3, 4]
    levels = {
        line.get_ydata()[0] for line in train.get_lines() if len(line.get_xdata()) == 2
    }
    assert {70, 73} <= {round(level, 9) for level in levels}
    assert "30 % noise" in train.get_title()
    words = {text.get_text() for text in figure.legends[0].texts}
    assert {"hard labels", "SGLR, r = 1", "SGLR, r = 0.2"} < words
    assert {"untouched labels (70 %)", "true labels (73 %)"} < words


def test_figure5_is_a_grid_of_methods_by_noise_with_its_numbers(draw):
    figure = draw(5)
    axes = np.array(figure.axes).reshape(3, 4)
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == [f"class {label}" for label in range(10)]
    names = [axis.get_ylabel() for axis in axes[:, 0]]
    assert names == ["hard labels", "soft labels", "SGLR"]
    titles = [axis.get_title() for axis in axes[0]]
    assert titles == [f"label noise {noise}" for noise in ("0", "0.2", "0.4", "0.6")]
    np.testing.assert_allclose(
        dots(axes[2, 3]).get_offsets(), np.c_[np.arange(20) * 1.6, -np.arange(20)]
    )
    # Of seed 0's points as drawn; of test images, means over the two seeds.
    assert axes[1, 2].get_xlabel().split("\n") == [
        *("silhouette, drawn: 0.90", "silhouette, test: 0.30"),
        "within/between, test: 0.90",
    ]


def test_figure5_colours_a_class_as_its_legend_says(draw):
    figure = draw(5)
    (legend,) = figure.legends
    entries = zip(legend.texts, legend.legend_handles, strict=True)
    named = {text.get_text(): to_rgb(handle.get_color()) for text, handle in entries}
    for axis in figure.axes:
        shown = dots(axis).get_facecolors()[:, :3]  # the n-th dot is of class n % 10
        expected = [named[f"class {index % 10}"] for index in range(len(shown))]
        np.testing.assert_allclose(shown, expected)


def test_the_figure_of_right_labels_is_ours_and_has_clean_and_noisy_ones(draw):
    figure = draw("_labels")
    clean, noisy = figure.axes
    for axis, high in ((clean, 100), (noisy, 60)):
        (curve,) = curves_of(axis)
        np.testing.assert_allclose(curve, np.c_[EPOCHS, high - EPOCHS])
    assert "40 % label noise" in noisy.get_title()
    assert figure.get_suptitle().startswith("Ours, not in the paper.")


def test_a_panel_of_labels_that_were_not_recorded_is_left_out_and_said(
    draw, monkeypatch
):
    frames = figure_labels()
    rows = frames["figure_labels"]
    frames["figure_labels"] = rows[rows["method"] == "standard_sglr"]
    monkeypatch.setitem(COLLECTED, "_labels", lambda: frames)
    figure = draw("_labels")
    (noisy,) = figure.axes
    assert "40 % label noise" in noisy.get_title()
    said = " ".join(figure.get_suptitle().split())
    assert "clean labels: not recorded" in said


def test_how_many_labels_are_right_is_collected_where_it_was_recorded(tmp_path):
    plan = load_plan("smoke")
    for number, run in enumerate(plan.runs_of["figure_labels"]):
        folder = tmp_path / "smoke/runs" / run.id
        write_csv(folder / "history.csv", history_of({}, {}))
        manifest = manifest_of(plan, run) | {"true_portion": 0.65}
        manifest["final"]["epoch"] = 2
        write_json(folder / "manifest.json", manifest)
        if number:  # the first was trained before this was recorded
            rows = [{"epoch": epoch, "label_accuracy": epoch / 4} for epoch in (1, 2)]
            write_csv(folder / "label_accuracy.csv", rows)
    collect_runs("figure_labels", plan, tmp_path)
    found = pd.read_csv(tmp_path / "smoke/collected/figure_labels.csv")
    assert len(found) == 2 * (len(plan.runs_of["figure_labels"]) - 1)
    assert set(found["label_accuracy"]) == {0.25, 0.5}
    assert set(found["given_accuracy"]) == {0.65}


def test_attack_and_label_noise_are_what_the_runs_record(tmp_path):
    plan = load_plan("smoke")  # whose trainings attack in 2 steps
    for run in plan.runs_of["figure2"] + plan.runs_of["figure4"]:
        folder = tmp_path / "smoke/runs" / run.id
        write_csv(folder / "history.csv", history_of({}))
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
    assert set(curves["num_steps"]) == {7}
    assert noisy[
        ["noise", "untouched_portion", "true_portion"]
    ].drop_duplicates().values.tolist() == [[0.4, 0.625, 0.65]]


@pytest.mark.parametrize("number", COLLECTED)
def test_every_figure_states_the_scale_and_how_many_images(draw, number):
    stated = draw(number).get_suptitle().replace("\n", " ")
    role = "label_noise" if number in (4, 5) else "ten_classes"
    images = SCALE.data[getattr(SCALE.roles, role)].num_train
    assert SCALE.label in stated and f"{images:,} training images" in stated


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


def test_a_figure_of_another_size_has_a_file_of_its_own(tmp_path):
    collect(4, tmp_path)
    render("figure4", SCALE, tmp_path, tmp_path, "column")
    assert (tmp_path / "figure4-column.pdf").exists()
    assert not (tmp_path / "figure4.pdf").exists()
    with pytest.raises(UsageError, match="did you mean 'column'"):
        render("figure4", SCALE, tmp_path, tmp_path, "colum")


def test_drawing_leaves_the_style_and_the_open_figures_alone(tmp_path):
    collect(4, tmp_path)
    opened = plt.get_fignums()
    with plt.rc_context({"font.size": 23, "axes.spines.top": True}):  # the user's own
        before = dict(plt.rcParams)
        render("figure4", SCALE, tmp_path, tmp_path / "out")
        assert dict(plt.rcParams) == before and plt.get_fignums() == opened


def test_a_note_is_broken_into_lines_of_about_one_length():
    text = "a bb ccc dd eeee ff"
    assert balanced(text, 19) == text
    assert balanced(text, 18) == "a bb ccc\ndd eeee ff"
    assert balanced("a longest_word b", 14).split("\n") == ["a longest_word", "b"]
