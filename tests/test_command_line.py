"""How a command begins and ends: interrupted, with nowhere to write to, asked for its version, misspelt."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from at_run import RUN
from tools import ROOT, one_line, output, run, sglr, sglr_words


# Before the command line is read, and within the command.
@pytest.mark.parametrize("library", ["_multiarray_umath", "libtorch_cpu"])
def test_ctrl_c_anywhere_is_one_line_and_130(here, library):
    process = subprocess.Popen(
        sglr_words("evaluate", RUN),
        cwd=here,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    loaded = Path(f"/proc/{process.pid}/maps")
    while library not in loaded.read_text():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert said == "sglr: stopped by SIGINT\n"
    assert process.returncode in (130, -signal.SIGINT)  # which a shell calls 130


@pytest.mark.parametrize(("redirection", "status"), [("> /dev/full", 2), (">&-", 0)])
def test_an_output_that_is_full_or_closed_ends_without_a_traceback(
    tmp_path, redirection, status
):
    words = ["bash", "-c", f"{sys.executable} -m sglr plan --scale smoke {redirection}"]
    said = run(tmp_path, *words, PYTHONPATH=str(ROOT))
    assert said.returncode == status and "Traceback" not in said.stderr, said.stderr
    assert said.stderr.count("\n") <= 1


def test_the_version_and_a_command_that_is_none(tmp_path):
    assert output(run(tmp_path, sys.executable, "-m", "sglr", "--version")).startswith(
        "sglr "
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("trian", RUN), "unknown command 'trian'; did you mean 'train'?"),
        (
            ("draw", "tabel2"),
            "unknown table or figure 'tabel2'; did you mean 'table2'?",
        ),
        (("collect", "words"), "unknown table or figure 'words'; allowed: table1"),
        (
            ("export", RUN, "--checkpoint", "finale"),
            "unknown checkpoint 'finale'; did you mean 'final'?",
        ),
        (
            ("train", RUN, "--sclae", "smoke"),
            "unknown option '--sclae'; did you mean '--scale'?",
        ),
        (("evaluate", RUN, "also"), "'also' is one word too many; options: --keep"),
    ],
)
def test_a_word_that_is_none_says_the_nearest(tmp_path, words, said):
    assert one_line(sglr(tmp_path, *words), said)
