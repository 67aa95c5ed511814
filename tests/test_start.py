"""What is said at the start of hours of work: folders that cannot be written, a disk that is too small."""

import io
import os
import re
import shutil
import sys

import pytest
import torch
from tools import ROOT, Done, output, run, snakemake

from sglr.files.disk import check_writable
from sglr.files.errors import UsageError
from sglr.models import build
from sglr.plan.plan_files import load_plan
from sglr.plan.scale_files import load_scale, scale_names

TARGET = "results/smoke/forwards.json"
# Root may write anywhere; without this right it is like everybody else.
RIGHTS = ["--bounding-set=-dac_override", "--inh-caps=-dac_override"]
EVERYBODY = ["setpriv", *RIGHTS] if os.geteuid() == 0 else []
needs_setpriv = pytest.mark.skipif(
    bool(EVERYBODY) and not shutil.which("setpriv"), reason="root needs setpriv"
)


def unprivileged(folder, *words: str) -> Done:
    return run(folder, *EVERYBODY, sys.executable, *words)


@needs_setpriv
@pytest.mark.parametrize("place", ["logs", ".snakemake"])
def test_a_folder_that_cannot_be_written_is_one_line_at_the_start(tmp_path, place):
    (tmp_path / place).mkdir(mode=0o555)
    words = ("-m", "snakemake", "-s", str(ROOT / "Snakefile"), "--cores", "1")
    done = unprivileged(tmp_path, *words, "--", TARGET)
    said = done.stdout + done.stderr
    owner = (tmp_path / place).owner()
    assert f"{place} cannot be written: {tmp_path / place} belongs to {owner};" in said
    assert done.returncode != 0 and "Traceback" not in said and "rule " not in said


@needs_setpriv
def test_what_would_be_made_in_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "theirs").mkdir(mode=0o555)
    words = "from pathlib import Path; from sglr.files.disk import check_writable; "
    done = unprivileged(tmp_path, "-c", words + "check_writable(Path('theirs/a/b'))")
    assert f"theirs/a/b cannot be written: {tmp_path / 'theirs'} belongs" in done.stderr


@needs_setpriv
@pytest.mark.parametrize("mode", [0o555, 0o444, 0o000])
@pytest.mark.parametrize("name", ["theirs/file", "theirs/new/file", "theirs/a/b/file"])
def test_the_right_that_is_missing_is_given_by_what_is_advised(tmp_path, mode, name):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs").chmod(mode)
    words = "import sys; from pathlib import Path; from sglr.files.disk import write_bytes; "
    words += "write_bytes(Path(sys.argv[1]), b'')"
    said = unprivileged(tmp_path, "-c", words, name).stderr
    advised = re.search(r"chmod u\+rwx \S+", said)
    assert advised, said
    output(run(tmp_path, *EVERYBODY, *advised[0].split()))
    output(unprivileged(tmp_path, "-c", words, name))


def test_a_file_in_place_of_a_folder_is_said(tmp_path):
    (tmp_path / "results").touch()
    (tmp_path / "figures").symlink_to("nowhere")
    said = snakemake(tmp_path, "--", TARGET).stderr
    assert f"results must be a folder, and {tmp_path / 'results'} is none" in said
    with pytest.raises(UsageError, match="must be a folder"):
        check_writable(tmp_path / "figures")
    check_writable(tmp_path / "not/there/yet")


def test_a_disk_that_is_too_small_is_said_before_the_work(tmp_path):
    words = ("--config", "set=cost.megabytes=1000000", "--")
    run_folder = "results/smoke+cost.megabytes=1000000/runs/digits-standard-s0"
    for flags in (("-n",), ()):
        said = snakemake(tmp_path, *flags, *words, f"{run_folder}/manifest.json").stderr
        assert re.search(
            r"leave about 7000\.0 GB in results/, where [\d.]+ GB are", said
        )
    assert "Done: 1 of 1 trainings, about 0 minutes left" in said
    assert (tmp_path / run_folder / "manifest.json").exists()


def test_a_terminal_shows_in_bold_how_far_it_is(tmp_path):
    target = "results/smoke/runs/digits-standard-s0/manifest.json"
    words = (sys.executable, "-m", "snakemake", "-s", ROOT / "Snakefile", "--cores", 1)
    terminal = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
    said = output(run(tmp_path, sys.executable, "-c", terminal, *words, target))
    assert "\033[1mDone: 1 of 1 trainings, about 0 minutes left\033[0m" in said


def test_a_disk_that_is_large_enough_is_not_spoken_of(tmp_path):
    said = output(snakemake(tmp_path, "-n", "--", "smoke"))
    assert "Planned: " in said and "Warning" not in said


def test_a_run_along_which_networks_are_kept_needs_more_room():
    plan = load_plan("paper")
    every, epochs = (
        plan.scale.measurement.trajectory_every,
        plan.scale.adversarial.epochs,
    )
    sizes = {
        plan.estimated_megabytes(run) / plan.scale.cost.megabytes
        for run in plan.runs.values()
    }
    assert sizes == {7, 8 + epochs // every}


@pytest.mark.parametrize("name", scale_names())
def test_the_size_of_a_network_is_what_the_scales_file_says(name):
    scale, buffer = load_scale(name), io.BytesIO()
    channels = 3 if "cifar" in scale.data[scale.roles.ten_classes].source else 1
    network = build(scale.network.architecture, 10, channels, scale.network.width, 0)
    torch.save({"weights": network.state_dict()}, buffer)
    size = len(buffer.getvalue()) / 1e6
    assert size == pytest.approx(scale.cost.megabytes, rel=0.15)
