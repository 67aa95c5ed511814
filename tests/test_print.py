"""Figures as they are read on paper: of the committed results, every size, what matplotlib has drawn."""

from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.text import Text
from tools import ROOT

from sglr.artefacts import drawing, load
from sglr.artefacts.collect import frames_of
from sglr.artefacts.style import CLASSES, SIZES, line_of
from sglr.methods import METHODS
from sglr.plan.plan_files import load_plan

PLAN = load_plan("mini")
FIGURES = [name for name in PLAN.artefacts if name.startswith("figure")]
PAGE = {"column": 3.25, "text": 6.9}  # inches: a paper's column, and across it
LABELS = {"hard labels": "at", "SGLR, r = 1": "sglr_released", "SGLR, r = 0.2": "sglr"}


@pytest.fixture(scope="module")
def drawn():
    """(figure, size) -> the figure, and every text that it draws with its box in pixels."""
    texts: list[Text] = []
    draw, found = Text.draw, {}

    def recording(self, renderer, *more, **options):
        if self.get_visible() and self.get_text().strip():
            texts.append(self)
        return draw(self, renderer, *more, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Text, "draw", recording)
        for name in FIGURES:
            frames = frames_of(name, ROOT / "results/mini/collected")
            for size in SIZES:
                with plt.rc_context(drawing.rc(SIZES[size])):
                    figure = load(name).draw(frames, SIZES[size])
                    note = load(name).note(frames, PLAN.scale)
                    drawing.finished(figure, note, SIZES[size])
                    texts.clear()
                    figure.canvas.draw()
                boxes = {text: text.get_window_extent() for text in texts}
                found[name, size] = figure, boxes
    yield found
    plt.close("all")


def test_figures_have_the_width_at_which_they_are_read(drawn):
    for (_, size), (figure, _) in drawn.items():
        width, height = figure.get_size_inches()
        assert width == PAGE.get(size, width) and height <= 9
        assert size != "slide" or height / width <= 9 / 16 + 0.01


def test_no_type_is_smaller_than_7_points(drawn):
    for where, (_, texts) in drawn.items():
        small = [text.get_text() for text in texts if text.get_fontsize() < 7]
        assert len(texts) > 5 and small == [], where


def test_no_text_stands_on_another_or_is_cut_off(drawn):
    for where, (figure, texts) in drawn.items():
        page = figure.bbox
        for text, box in texts.items():
            inside = box.x0 > -2 and box.x1 < page.x1 + 2
            assert inside and box.y0 > -2 and box.y1 < page.y1 + 2, (where, text)
        for (one, box), (other, under) in combinations(texts.items(), 2):
            apart = min(box.x1, under.x1) - max(box.x0, under.x0) < 1
            apart |= min(box.y1, under.y1) - max(box.y0, under.y0) < 1
            assert apart, (where, one.get_text(), other.get_text())


def looks(figure) -> dict[str, set]:
    """Method -> (colour, dashes in line widths) of its curves, by Figure 2's titles and the legends' entries."""
    found: dict[str, set] = {}
    named = {method.label: name for name, method in METHODS.items()}
    for axis in figure.axes:
        title = axis.get_title().replace("\n", " ")
        place = axis.get_subplotspec()
        if title in named and place is not None and axis.images:
            below = [
                other
                for other in figure.axes
                if other is not axis
                and other.get_subplotspec() is not None
                and other.get_subplotspec().get_gridspec() is place.get_gridspec()
                and column_or_row(other, axis)
            ]
            curves = [line for other in below for line in other.get_lines()]
            curves = [line for line in curves if len(line.get_xdata()) > 2]
            found.setdefault(named[title], set()).update(map(look, curves))
    for legend in figure.legends:
        for text, handle in zip(legend.texts, legend.legend_handles, strict=True):
            label = text.get_text()
            method = LABELS.get(label, named.get(label.split(", r =")[0]))
            if method:
                found.setdefault(method, set()).add(look(handle))
    return found


def column_or_row(other, axis) -> bool:
    """Whether Figure 2 has them for the same method: below each other, or in a narrow figure beside."""
    one, two = other.get_subplotspec(), axis.get_subplotspec()
    narrow = one.get_gridspec().ncols == 2 and one.get_gridspec().nrows > 2
    span = (lambda place: place.rowspan) if narrow else (lambda place: place.colspan)
    return span(one) == span(two)


def look(line) -> tuple:
    offset, dashes = line._unscaled_dash_pattern
    return line.get_color(), offset, tuple(dashes or ())


def test_a_method_has_one_colour_and_one_line_in_every_figure_and_no_other_has_it(
    drawn,
):
    found: dict[str, set] = {}
    for figure, _ in drawn.values():
        for method, seen in looks(figure).items():
            found.setdefault(method, set()).update(seen)
    assert set(found) == {"at", "ls", "sglr", "sglr_released"}
    assert {len(seen) for seen in found.values()} == {1}
    (colors, dashes) = zip(
        *((one[0], one[1:]) for (one,) in found.values()), strict=True
    )
    assert len(set(colors)) == len(set(dashes)) == len(found)


def test_there_is_one_legend_whose_rows_are_even(drawn):
    for where, (figure, _) in drawn.items():
        assert len(figure.legends) == 1, where
        assert not any(axis.get_legend() for axis in figure.axes)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIE Lab, D65, of linear RGB in [0, 1]."""
    to_xyz = np.array(
        [
            [0.4124, 0.3576, 0.1805],
            [0.2126, 0.7152, 0.0722],
            [0.0193, 0.1192, 0.9505],
        ]
    )
    scaled = to_xyz @ np.clip(rgb, 0, 1) / (to_xyz @ np.ones(3))
    cube = np.where(
        scaled > (6 / 29) ** 3, np.cbrt(scaled), scaled * (29 / 6) ** 2 / 3 + 4 / 29
    )
    x, y, z = cube
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def as_a_deuteranope_sees(color: str) -> np.ndarray:
    """Lab of a colour after the simulation of Machado, Oliveira and Fernandes (2009), severity 1."""
    rgb = np.array(to_rgb(color))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    deuteranopia = np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    )
    return lab(deuteranopia @ linear)


@pytest.mark.parametrize(
    ("colors", "least"),
    [
        ([line_of(name).color for name in ("at", "ls", "sglr", "sglr_released")], 30),
        (CLASSES, 6),
    ],
    ids=["methods", "classes"],
)
def test_colours_differ_for_a_deuteranope(colors, least):
    assert as_a_deuteranope_sees("#FFFFFF") == pytest.approx([100, 0, 0], abs=1)
    for one, other in combinations(colors, 2):
        distance = as_a_deuteranope_sees(one) - as_a_deuteranope_sees(other)
        assert np.linalg.norm(distance) > least, (one, other)
