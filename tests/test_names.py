"""A name of a run, a scale, a data set or a method is no path: nothing outside the results folder is named by one."""

import sys

import pytest
from changed_plan import planned
from tools import one_line, run

from sglr.files.errors import UsageError
from sglr.plan import scale_files
from sglr.plan.plan import find_run
from sglr.plan.runs import make_run
from sglr.plan.scale_files import load_scale


@pytest.mark.parametrize(
    "run_id",
    [
        "../digits-at-s0",
        "/tmp/digits-at-s0",
        "digits-../../../x-at-s0",
        "digits-/x-at-s0",
        "digits-at/../../x-s0",
        "digits-at-s0/../../../x",
        "digits-at-noise0/.-s0",
        "digits-at-s0.1.2",
        "digits-at-s99999999999",
    ],
)
def test_no_runs_name_leaves_the_results_folder(run_id):
    with pytest.raises(UsageError):
        find_run(run_id, load_scale("smoke"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["digits-../../../x-at-s0", "--scale", "smoke"],
            "a name is letters, digits and '_', got '../../../x'",
        ),
        (
            ["digits-at-s0", "--scale", "../scales/smoke"],
            "unknown scale '../scales/smoke'",
        ),
        (
            ["digits-at-s0", "--scale", str(scale_files.CONFIG / "scales" / "smoke")],
            "unknown scale '/",
        ),
    ],
)
def test_a_name_that_is_a_path_is_refused_and_nothing_written(tmp_path, words, message):
    words = [
        sys.executable,
        "-m",
        "sglr",
        "train",
        *words,
        "--results",
        str(tmp_path / "results"),
    ]
    assert one_line(run(tmp_path, *words), message)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("dataset", ["../digits", "/digits", "a-b", "", ".", int])
def test_a_data_sets_name_is_one_plain_word(dataset):
    with pytest.raises(UsageError, match="a name is letters"):
        make_run(dataset, "at")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{data: ten_classes, method: ../at}", "unknown method '../at'"),
        (
            "{data: ../digits, method: at}",
            "data: unknown value '../digits'; allowed: ten_classes",
        ),
        ("{data: __class__, method: at}", "data: unknown value '__class__'"),
    ],
)
def test_a_plans_name_that_is_a_path_is_refused(tmp_path, monkeypatch, line, message):
    planned(tmp_path, monkeypatch, "{data: ten_classes, method: at}")
    with pytest.raises(UsageError, match=message):
        planned(tmp_path / "other", monkeypatch, line)
