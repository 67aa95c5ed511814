"""Figures as files: the same bytes each time, a name for each size, matplotlib left as it was."""

import matplotlib.pyplot as plt
import pytest
from figure_frames import COLLECTED, collect

from sglr.artefacts.render import render
from sglr.files.errors import UsageError
from sglr.plan.scale_files import load_scale

SCALE = load_scale("smoke")


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
