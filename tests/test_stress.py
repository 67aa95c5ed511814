"""The stress command at its smallest: every fault once, on one run, and the checks that it stands on."""

import json
import subprocess
import sys

import pytest
from tools import ROOT, output, run
from torch import nn

from sglr.engine.weights import save_weights
from sglr.files.errors import UsageError
from stress.checks import check_whole
from stress.disk import FileSizeLimit


def test_every_fault_strikes_and_the_record_says_so(tmp_path):
    words = [
        sys.executable,
        "-m",
        "stress",
        "--scale",
        "smoke",
        "--runs",
        "digits-sglr-start0.25-s0",
    ]
    words += [
        "--kills",
        "1",
        "--writes",
        "1",
        "--stops",
        "0",
        "--fills",
        "1",
        "--evaluations",
        "0",  # tests/test_underway.py kills one
        "--out",
        str(tmp_path / "found.json"),
    ]
    output(run(ROOT, *words))
    found = json.loads((tmp_path / "found.json").read_text())
    every = found["counts"][-1]
    assert every["run"] == "all" and every["SIGKILL"] >= 1 and every["full disk"] == 1
    assert (
        every["in a checkpoint write"] >= 1
        and every["trained to the end, bit-identical"] >= 2
    )
    lives = [life for life in found["lives"] if life["left"]]
    assert lives and all(
        life["left"].endswith((".safetensors", ".pt")) and life["left bytes"] >= 0
        for life in lives
    )


def test_a_broken_file_with_its_final_name_is_found(tmp_path):
    path = tmp_path / "best.safetensors"
    save_weights(path, nn.Linear(1, 1), {}, "a", 1)
    (tmp_path / "history.csv").write_text("epoch,loss\n1,2\n")
    (tmp_path / ".best.safetensors.1.tmp").write_bytes(b"half")
    assert check_whole(tmp_path) == 2
    (tmp_path / "history.csv").write_text("epoch,loss\n1,2\n2")
    with pytest.raises(ValueError, match="not a whole table"):
        check_whole(tmp_path)
    (tmp_path / "history.csv").unlink()
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UsageError, match="damaged"):
        check_whole(tmp_path)


def test_a_limit_of_the_process_stands_in_for_a_small_disk(tmp_path):
    program = "import sys; sys.stdin.readline(); open(sys.argv[1], 'wb', buffering=0).write(bytes(1000))"
    words = [sys.executable, "-c", program, str(tmp_path / "file")]
    process = subprocess.Popen(
        words, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    FileSizeLimit().fill(process.pid, 100)
    process.communicate("\n")
    assert (tmp_path / "file").stat().st_size == 100
