"""Figures from collected CSVs written by hand: what the artists hold, not how the pixels look."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from figure_frames import COLLECTED, EPOCHS, collect, figure_labels
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection, PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from sglr.artefacts.drawing import balanced
from sglr.artefacts.render import render
from sglr.plan.scale_files import load_scale

SCALE = load_scale("smoke")


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


@pytest.mark.parametrize("number", COLLECTED)
def test_every_figure_states_the_scale_and_how_many_images(draw, number):
    stated = draw(number).get_suptitle().replace("\n", " ")
    role = "label_noise" if number in (4, 5) else "ten_classes"
    images = SCALE.data[getattr(SCALE.roles, role)].num_train
    assert SCALE.label in stated and f"{images:,} training images" in stated


def test_a_note_is_broken_into_lines_of_about_one_length():
    text = "a bb ccc dd eeee ff"
    assert balanced(text, 19) == text
    assert balanced(text, 18) == "a bb ccc\ndd eeee ff"
    assert balanced("a longest_word b", 14).split("\n") == ["a longest_word", "b"]
