"""Files that a disk or a file server cannot read: one line that names the file."""

import errno
import os
import sys
from pathlib import Path

import pytest
from at_run import RUN, files
from tools import one_line, sglr, sglr_words

from sglr import cli


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("manifest.json", ("evaluate", RUN)),
        ("best_validation.safetensors", ("export", RUN)),
        ("evaluation.json", ("collect", "table2")),
        ("evaluation.json", ("show",)),
        ("history.csv", ("events", RUN)),
    ],
)
def test_a_disk_that_cannot_read_is_one_line(here, name, words):
    path = files(here) / name
    path.unlink()
    path.symlink_to("/proc/self/mem")  # what is read at its beginning is EIO
    said = sglr(here, *words)
    assert one_line(said, f"{name}: cannot be read: Input/output error"), said.stderr


def test_a_file_that_a_file_server_has_lost_is_one_line(here, monkeypatch, capsys):
    def lost(path, *_):
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), str(path))

    monkeypatch.chdir(here)
    monkeypatch.setattr(Path, "read_bytes", lost)
    monkeypatch.setattr(sys, "argv", sglr_words("collect", "table2")[2:])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 2
    assert "cannot be read: Stale file handle" in capsys.readouterr().err
