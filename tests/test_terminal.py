"""On a terminal a training and an evaluation show a bar that moves; in a log they say lines alone."""

import os
import pty
import subprocess
import termios
from pathlib import Path

import at_run
from tools import output, sglr, sglr_words


def on_a_terminal(folder: Path, *words: str) -> str:
    """What a command writes to a terminal."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 150))
    process = subprocess.Popen(sglr_words(*words), cwd=folder, stdout=theirs)
    os.close(theirs)
    parts = []
    try:
        while part := os.read(ours, 65536):
            parts.append(part)
    except OSError:  # the other end was closed
        pass
    os.close(ours)
    assert process.wait() == 0
    return b"".join(parts).decode()


def test_a_training_and_an_evaluation_show_a_bar_on_a_terminal_and_none_in_a_log(
    tmp_path,
):
    run = at_run.RUN
    trained = on_a_terminal(tmp_path, "train", run)
    assert "epoch/s" in trained and trained.count("\r") > 2
    evaluated = on_a_terminal(tmp_path, "evaluate", run)
    assert "image/s" in evaluated and "apgd-ce" in evaluated
    assert evaluated.count("\r") > 2
    (tmp_path / "results/smoke/runs" / run / "evaluation.json").unlink()
    logged = output(sglr(tmp_path, "evaluate", run))
    assert "robust so far" in logged and "image/s" not in logged and "\r" not in logged
