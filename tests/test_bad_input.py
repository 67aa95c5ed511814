"""Every reader of a run: a file that is cut, of another shape or with what is no number is one line that names it."""

import copy
import json
import math
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tools import ROOT, one_line, run, sglr_words

from sglr.artefacts.collect import runs_of
from sglr.collected.results import read_manifests
from sglr.collected.runs import Runs
from sglr.export.events import write_events
from sglr.files.errors import UsageError
from sglr.files.records import read_csv, read_json
from sglr.files.shapes import EVALUATION, FORWARDS, MANIFEST, ORIGIN, OVERHEAD, check
from sglr.plan.plan import find_run
from sglr.plan.plan_files import load_plan

RUN = "cifar10-at-s0"
MINI = ROOT / "results/mini"
PLAN = load_plan("mini")
SCALE = PLAN.scale


@pytest.fixture
def folder(tmp_path) -> Path:
    """The committed run alone, without its checksums, which would speak first."""
    copied = tmp_path / "mini/runs" / RUN
    shutil.copytree(
        MINI / "runs" / RUN, copied, ignore=shutil.ignore_patterns("*.sha256")
    )
    shutil.copy(MINI / "runs/cifar10noise-standard-s0/features.csv", copied)
    shutil.copy(MINI / "runs/cifar10noise-standard-s0/separability.json", copied)
    return copied


def read(folder: Path, name: str) -> Any:
    """As tables, figures, page and events read it."""
    runs = runs_of("table2", PLAN, folder.parents[1])
    wanted = find_run(RUN, PLAN.scale)
    if name == "manifest.json":
        runs.manifest(wanted)
        return read_manifests(folder.parents[1], PLAN.scale)
    return (runs.json if name.endswith("json") else runs.csv)(wanted, name)


def refused(folder: Path, name: str) -> str:
    with pytest.raises(UsageError) as error:
        read(folder, name)
    message = str(error.value)
    assert name in message and "\n" not in message and len(message) < 600
    return message


@pytest.mark.parametrize(
    "name", ["manifest.json", "evaluation.json", "separability.json"]
)
def test_json_cut_at_any_length_is_damaged(name, folder):
    whole = (folder / name).read_bytes()
    read(folder, name)
    step = max(1, len(whole) // 80)  # every length of the small one
    # All but the last byte, which is a line's end.
    for length in [*range(0, len(whole) - 1, step), len(whole) - 2]:
        (folder / name).write_bytes(whole[:length])
        assert "damaged" in refused(folder, name), length


@pytest.mark.parametrize(
    "name", ["history.csv", "trajectory.csv", "labels.csv", "features.csv"]
)
def test_csv_cut_within_a_line_is_damaged(name, folder):
    whole = (folder / name).read_bytes()
    read(folder, name)
    header = whole.index(b"\n") + 1
    for length in [*range(0, header + 1), *range(header, min(len(whole), 500), 7)]:
        cut = whole[:length]
        if not cut.endswith(b"\n") or length == header:
            (folder / name).write_bytes(cut)
            assert "damaged" in refused(folder, name), length
    (folder / name).write_bytes(whole.replace(b"\n", b"\nword,", 2))
    refused(folder, name)


def places(content: Any, path: tuple = ()) -> Iterator[tuple]:
    """The place of every value in a JSON file."""
    if path:
        yield path
    if isinstance(content, dict | list):
        items = content.items() if isinstance(content, dict) else enumerate(content)
        for key, value in items:
            yield from places(value, (*path, key))


def changed(content: Any, path: tuple, value: Any) -> Any:
    copied = copy.deepcopy(content)
    inner = copied
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return copied


def at(content: Any, path: tuple) -> Any:
    for key in path:
        content = content[key]
    return content


# Settings and origins are shown as they are, or compared value by value, whatever they hold.
FREE = {"run_settings", "engine", "origin", "clock", "scale", "run", "fitted"}
FREE |= {"stretches"}
FILES = {
    "runs/cifar10-at-s0/manifest.json": ORIGIN,
    "runs/cifar10-at-s0/evaluation.json": EVALUATION,
    "overhead.json": OVERHEAD,
    "forwards.json": FORWARDS,
}


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("wrong", [math.nan, [], {}, "word", None, -1, True])
def test_a_value_of_another_kind_is_named(file, wrong):
    content, shape = json.loads((MINI / file).read_text()), FILES[file]
    check(content, shape, Path(file))
    count = 0
    for path in places(content):
        old = at(content, path)
        optional = path[-1] in ("autoattack", "commit") and wrong is None
        same_kind = type(old) is type(wrong) and wrong in ([], {}, "word", True)
        if path[0] in FREE or optional or same_kind or _unread(path):
            continue
        with pytest.raises(UsageError, match="damaged") as error:
            check(changed(content, path, wrong), shape, Path(file))
        assert str(path[-1]) in str(error.value) and file in str(error.value)
        count += 1
    assert count >= 5


def _unread(path: tuple) -> bool:
    """What no reader looks at."""
    return path[0] == "rows" and path[-1] in (
        "standard_teacher",
        "adversarial_teacher",
        "forwards_paper",
    )


@pytest.mark.parametrize("key", [key for key in ORIGIN if not key.endswith("?")])
def test_a_missing_key_of_a_manifest_is_named(key, folder):
    content = json.loads((folder / "manifest.json").read_text())
    del content[key]
    (folder / "manifest.json").write_text(json.dumps(content))
    assert key in refused(folder, "manifest.json")


def test_a_manifest_of_another_shape_is_one_line_of_every_command(folder, tmp_path):
    for content in ("[]", "{}", "3"):
        (folder / "manifest.json").write_text(content)
        assert "damaged" in refused(folder, "manifest.json")
    words = sglr_words("show", "--results", tmp_path, scale="mini")
    assert one_line(run(tmp_path, *words), "manifest.json: damaged")
    assert set(MANIFEST) < set(ORIGIN) or "seconds_per_epoch" in ORIGIN


def test_events_of_a_damaged_history_are_one_line(folder):
    for content in (
        b"",
        b"epoch\n",
        b"train_loss\n1.0\n",
        b"epoch,train_loss\n1,word\n",
    ):
        (folder / "history.csv").write_bytes(content)
        with pytest.raises(UsageError, match=r"history.csv: damaged"):
            write_events(folder)


def test_a_results_folder_that_is_not_there_is_no_success(tmp_path):
    words = sglr_words("show", "--results", tmp_path / "nowhere", scale="mini")
    assert one_line(run(tmp_path, *words), "nowhere: no such folder")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("1,0.5\n2\n", "its rows differ in length"),
        ("1,0.5\n2,0.5,7\n", "not readable as CSV|its rows differ"),
        ("1,0.5\n2,half\n3,0.5\n", "not all of column 'accuracy' are numbers"),
        ("1,0.5\n2,0.", "its last line is cut off"),
    ],
)
def test_a_table_with_damaged_rows_is_refused(tmp_path, rows, said):
    path = tmp_path / "smoke/collected/figure2_marks.csv"
    path.parent.mkdir(parents=True)
    path.write_text("epoch,accuracy\n" + rows)
    again = "to make it again: sglr collect figure2 --scale smoke"
    with pytest.raises(UsageError, match=f"damaged, ({said}); {again}"):
        read_csv(path)


def test_an_epoch_stands_once_in_a_history(run_here):
    path = run_here / "history.csv"
    (run_here / "train.sha256").unlink(missing_ok=True)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines, lines[-1]]))
    runs = Runs(PLAN, (), ("history.csv",), run_here.parents[1])
    with pytest.raises(UsageError, match="damaged, epoch 32 stands in it twice"):
        runs.csv(find_run(RUN, SCALE), "history.csv")


def test_json_nested_without_end_is_damaged(tmp_path):
    (tmp_path / "a.json").write_text("[" * 200_000)
    with pytest.raises(UsageError, match="damaged, not readable as JSON"):
        read_json(tmp_path / "a.json")
