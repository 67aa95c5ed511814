"""Every record that commands read, with every kind of wrong value: one line that names the file, and status 2.

Without checksums, as if whoever changed the file had changed them with it, or as in results from before there were any.
"""

import contextlib
import csv
import io
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tools import ROOT

from sglr import cli
from sglr.collected.results import read_collected
from sglr.files.errors import UsageError
from sglr.files.records import read_json
from sglr.files.shapes import OVERHEAD

RUN, NOISY = "cifar10-at-s0", "cifar10noise-standard-noise0.4-s0"
HERE = Path("results/mini")


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Iterator[Path]:
    """Two committed runs, what was collected of all, and no checksum."""
    folder = tmp_path_factory.mktemp("readers")
    for part in ("collected", f"runs/{RUN}", f"runs/{NOISY}"):
        shutil.copytree(ROOT / HERE / part, folder / HERE / part)
    for path in (ROOT / HERE).glob("*.*"):
        shutil.copy(path, folder / HERE)
    for path in folder.rglob("*.sha256"):
        path.unlink()
    with contextlib.chdir(folder):
        yield folder


def typed(words: str) -> tuple[int, str]:
    """How a command ends in this process, and what it says of it."""
    said, before = io.StringIO(), sys.argv
    sys.argv = ["sglr", *words.split(), "--scale", "mini"]
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(_Nowhere()):
            cli.main()
    except SystemExit as end:
        return int(str(end.code or 0)), said.getvalue()
    finally:
        sys.argv = before
    return 0, said.getvalue()


class _Nowhere(io.StringIO):
    def fileno(self) -> int:
        return 1


def read_alone(path: Path) -> tuple[int, str]:
    """How a command ends that reads this file first."""
    try:
        if path.suffix == ".csv":
            read_collected(path)
        else:
            read_json(path, OVERHEAD)
    except UsageError as error:
        return 2, f"{error}\n"
    return 0, ""


# File -> the commands that read it, and the columns whose every text, or whose emptiness, is a value.
TABLES = {
    f"runs/{RUN}/history.csv": (f"events {RUN}", "collect figure2"),
    f"runs/{RUN}/trajectory.csv": ("collect figure3",),
    f"runs/{RUN}/labels.csv": ("collect figure2",),
    f"runs/{NOISY}/features.csv": ("collect figure5",),
    **{
        f"collected/{name}.csv": (f"draw {name}", "claims")
        for name in ("table1", "table2", "table3", "table4", "headline", "masking")
    },
    **{
        f"collected/{name}.csv": (f"draw {name.partition('_')[0]}", "claims")
        for name in ("figure1", "figure2", "figure2_course", "figure2_marks", "figure3")
    },
    "collected/figure4.csv": ("draw figure4", "claims"),
    "collected/figure5.csv": ("draw figure5", "claims"),
    "collected/figure5_separability.csv": ("draw figure5", "claims"),
    "collected/figure_labels.csv": ("draw figure_labels", "claims"),
    "collected/answers.csv": ("claims",),
    "collected/information.csv": ("claims",),
    "collected/erm.csv": ("claims",),
}
TEXTS = ("quantity", "dataset", "method", "cell", "class_name", "run", "flags")
TEXTS += ("unchecked",)
MAY_BE_EMPTY = ("r", "temperature", "value", "correct", "information_settled")
MAY_BE_EMPTY += ("confidence", "pgd_gap", "square_takes", "apgd_stuck", "vanishing")
MAY_BE_EMPTY += ("forwards_paper",)


def wrong_tables(text: str) -> Iterator[tuple[str, str]]:
    """What is wrong, and the table so."""
    header, first, *others = list(csv.reader(io.StringIO(text)))
    for at, name in enumerate(header):
        wrong = () if name in TEXTS else ("word", "null", "nan", "-inf", "[1]", "7" * 9)
        if name in ("seed", "value", "x", "y", "train_loss", "temperature", "label"):
            wrong = wrong[:-1]  # a number like any other
        if name in ("epoch", "starts", "num_images", "num_steps") or "norm" in name:
            wrong = (*wrong[:-1], "-1")
        if "information" in name or name in ("learning_rate", "target_class", "noise"):
            wrong = (*wrong[:-1], "-1")
        if name.startswith("forwards") or name in ("trained_teachers", "class_index"):
            wrong = (*wrong[:-1], "-1")
        if name in ("apgd_stuck", "vanishing", "variance_ratio"):
            wrong = (*wrong[:-2], "-1")
        if not any(part in name for part in MAY_BE_EMPTY) or "label" in name:
            wrong = (*wrong, "")
        for cell in wrong:
            row = [*first[:at], cell, *first[at + 1 :]]
            yield f"{name} {cell!r}", _table(header, row, *others)
        rows = [row[:at] + row[at + 1 :] for row in (header, first, *others)]
        yield f"no {name}", _table(*rows)
        yield f"{name} in capitals", text.replace(name, name.upper(), 1)
    yield "a row with a cell too few", text + ",".join(first[:-1]) + "\n"
    yield "a line that is cut", text[:-3]
    yield "an empty file", ""
    yield "one empty line", "\n" if "runs" in text else ""
    if "x" not in header:  # two images may be drawn at one place
        yield "a row twice", _table(header, first, first, *others)


def _table(*rows: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def refusals(tree: Path, file: str, wrong: dict[str, str], *commands: str) -> list[str]:
    """Which wrong contents of a file a command takes, or does not refuse in one line with the file's name."""
    path = tree / HERE / file
    whole, believed = path.read_bytes(), []
    try:
        for number, (what, content) in enumerate(wrong.items()):
            path.write_text(content)
            # One function reads for all: later commands meet the first wrong value alone, and those that read much
            # before they come to a collected file, it too.
            for command in commands[:1] if number else commands:
                alone = number and (
                    path.parent.name == "collected" or command == "claims"
                )
                status, said = read_alone(path) if alone else typed(command)
                line = status == 2 and said.count("\n") == 1 and path.name in said
                if not line:
                    believed.append(f"{command}: {what}: {status} {said[:200]}")
    finally:
        path.write_bytes(whole)
    return believed


# File -> command, and the keys that are compared or shown whatever they hold, or that other tests go through.
OBJECTS = {
    f"runs/{RUN}/manifest.json": ("collect table2", "report", f"events {RUN}"),
    f"runs/{RUN}/evaluation.json": ("collect table2", "collect masking"),
    f"runs/{NOISY}/separability.json": ("collect figure5",),
    "forwards.json": ("collect table1",),
    "overhead.json": ("claims",),
}
WRONG = (None, "word", 7.5, -1, True, [], {}, float("nan"), float("inf"))


def wrong_objects(text: str) -> Iterator[tuple[str, str]]:
    """Each key, of a list the first's, with a value of another kind."""
    content = json.loads(text)
    for path in _places(content):
        old = _at(content, path)
        for value in WRONG:
            if type(value) is type(old) or (old is None and value == {}):
                continue
            if isinstance(old, int | float) and type(value) in (int, float):
                if path[-1] == "variance_ratio" and value == float("inf"):
                    continue
                if path[-1] == "silhouette" and value == -1:
                    continue
                if value == 7.5 and not _is_share(path):
                    continue
            yield f"{path} {value!r}", json.dumps(_changed(content, path, value))
    yield "an empty file", ""
    yield "a list", "[]"
    yield "a cut file", text[:-9]


def _is_share(path: tuple) -> bool:
    return any(word in str(path[-1]) for word in ("accuracy", "portion", "silhouette"))


# Shown as they are, compared value by value with today's, or read by nobody.
FREE = {"run_settings", "engine", "origin", "clock", "scale", "fitted", "stretches"}
FREE |= {"measured_with", "forwards_paper", "seconds_per_epoch", "images_sha256"}
FREE |= {"training_seconds_per_epoch", "collapsed", "autoattack"}


def _places(content: object, path: tuple = ()) -> Iterator[tuple]:
    if path:
        yield path
    if isinstance(content, dict):
        for key, value in content.items():
            if key not in FREE and not (len(path) == 0 and key == "run"):
                yield from _places(value, (*path, key))
    elif isinstance(content, list) and content:
        yield from _places(content[0], (*path, 0))


def _at(content: object, path: tuple) -> object:
    for key in path:
        content = content[key]  # type: ignore[index]
    return content


def _changed(content: object, path: tuple, value: object) -> object:
    copied = json.loads(json.dumps(content))
    _at(copied, path[:-1])[path[-1]] = value  # type: ignore[index]
    return copied


@pytest.mark.parametrize("file", [*TABLES, *OBJECTS])
def test_no_command_believes_a_wrong_value(file, tree):
    wrongs = wrong_tables if file in TABLES else wrong_objects
    wrong = dict(wrongs((tree / HERE / file).read_text()))
    assert len(wrong) > 8
    assert refusals(tree, file, wrong, *(TABLES | OBJECTS)[file]) == []


# What must be there is known by the shape alone; what may be missing is asked for by no command.
WANTED = {
    f"runs/{RUN}/manifest.json": "collect figure2",
    f"runs/{NOISY}/manifest.json": "collect figure4",
    f"runs/{RUN}/evaluation.json": "collect masking",
}


@pytest.mark.parametrize("file", WANTED)
def test_no_command_ends_in_a_traceback_for_want_of_a_key(file, tree):
    path = tree / HERE / file
    whole, refused = path.read_text(), 0
    try:
        for place in _keys(json.loads(whole)):
            content = json.loads(whole)
            inner = _at(content, place[:-1])
            inner[f"{place[-1]}s"] = inner.pop(place[-1])
            path.write_text(json.dumps(content))
            status, said = typed(WANTED[file])
            one_line = said.count("\n") == 1 and path.name in said
            assert status == 0 or (status == 2 and one_line), (place, said)
            refused += status == 2
    finally:
        path.write_text(whole)
    assert refused > 10


def _keys(content: dict, path: tuple = ()) -> Iterator[tuple]:
    """The place of every key, of alike ones the first's; versions are only shown."""
    for key, value in content.items():
        yield (*path, key)
        if isinstance(value, dict) and key not in ("final", "best_validation"):
            yield from _keys(value, (*path, key)) if key != "origin" else ()
