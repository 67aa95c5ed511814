"""A run has one writer at a time, with the locks of the file system and without."""

import errno
import fcntl
import os
import socket
import subprocess
import sys

import pytest
from at_run import RUN, files
from tools import ROOT, one_line, output, sglr

from sglr.files.errors import UsageError
from sglr.files.lock import only_writer


def test_a_run_has_one_writer_and_a_dead_one_holds_nothing(here):
    program = "import sys\nfrom pathlib import Path\nfrom sglr.files.lock import only_writer\n"
    program += "with only_writer(Path(sys.argv[1])):\n    print('held', flush=True)\n    input()"
    words = [sys.executable, "-c", program, str(files(here))]
    holder = subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
    refused = sglr(here, "train", RUN)
    assert one_line(refused, f"another process writes to it: process {holder.pid} on ")
    assert "since 20" in refused.stderr
    holder.kill()
    holder.wait()
    with only_writer(files(here)):
        pass
    output(sglr(here, "train", RUN))


def test_a_file_system_without_locks_has_one_writer_too(tmp_path, monkeypatch):
    def no_locks(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    holder = tmp_path / ".writer"
    with only_writer(tmp_path):
        assert str(os.getpid()) in holder.read_text()
        with (
            pytest.raises(UsageError, match=f"process {os.getpid()} on .*: rm "),
            only_writer(tmp_path),
        ):
            pass
    assert not holder.exists()
    host = socket.gethostname()
    holder.write_text(f"{2**22 + 1} on {host} since then")  # no process has this number
    with only_writer(tmp_path):
        pass
    holder.write_text(f"{2**22 + 1} on another since then")  # who knows?
    with (
        pytest.raises(UsageError, match="on another since then; if it runs no more"),
        only_writer(tmp_path),
    ):
        pass
