"""The temporary files of writes that were cut: none is read, and none of who still writes is taken away."""

import os
import shutil
from pathlib import Path

import pytest
from sglr_run import RUN, folder_of, results_of, sglr

from sglr.files.disk import write_bytes
from sglr.files.errors import UsageError
from sglr.files.records import read_json
from sglr.training.state import remove_leftovers


def test_a_write_that_is_cut_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(
        os, "fsync", lambda number: (_ for _ in ()).throw(KeyboardInterrupt)
    )
    with pytest.raises(KeyboardInterrupt):
        write_bytes(tmp_path / "file", b"new")
    assert not list(tmp_path.iterdir())


@pytest.fixture
def results(trained_sglr, tmp_path) -> Path:
    return shutil.copytree(trained_sglr, tmp_path / "results")


def test_leftover_temporary_files_are_never_read_and_go_at_the_next_start(
    trained_sglr, results
):
    folder = folder_of(results)
    for name in (
        "state.pt",
        "best.safetensors",
        "history.csv",
        "manifest.json",
        "trajectory/0001.safetensors",
    ):
        left = folder / name
        left = left.with_name(f".{left.name}.1.tmp")
        left.parent.mkdir(exist_ok=True)
        left.write_bytes(b"half a fi")
    (folder / "manifest.json").unlink()
    (folder / "history.csv").unlink()
    with pytest.raises(UsageError, match=r"manifest.json: no such file"):
        read_json(folder / "manifest.json")
    assert sglr(results, "train", RUN).returncode == 0
    assert results_of(folder) == results_of(folder_of(trained_sglr))
    assert not list(folder.rglob("*.tmp"))


def test_who_measures_meanwhile_keeps_its_temporary_file(tmp_path, monkeypatch):
    left: list[str] = []

    def stopped(_: int) -> None:
        left.extend(path.name for path in tmp_path.iterdir())
        monkeypatch.undo()
        name = left[0].replace(f".{os.getpid()}.", f".{os.getppid()}.")
        (tmp_path / name).write_bytes(b"of a process that runs")
        gone = left[0].replace(f".{os.getpid()}.", f".{2**22 + 1}.")
        (tmp_path / gone).write_bytes(b"of one that does not")
        remove_leftovers(tmp_path)
        left[:] = [path.name for path in tmp_path.iterdir()]
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", stopped)
    with pytest.raises(KeyboardInterrupt):
        write_bytes(tmp_path / "evaluation.json", b"new")
    assert [name.split(".")[-2] for name in left] == [str(os.getppid())]
