"""What is committed is never planned again, whatever the files' times, and no job that fails takes it away."""

import os
import random
import re
from pathlib import Path

import pytest
from tools import ROOT, git, output, run, snakemake

from sglr.plan.scale_files import scale_names

TIMES = ("as git gives them", "one for all", "random 0", "random 1")


@pytest.fixture
def clone(tmp_path) -> Path:
    """What a reader has after `git clone`, the workflow and the package as they lie here."""
    git(tmp_path, "clone", "--quiet", str(ROOT), "clone")
    for name in ("Snakefile", "workflow", "config", "sglr"):
        output(run(tmp_path, "cp", "-r", ROOT / name, tmp_path / "clone"))
    return tmp_path / "clone"


def set_times(folder: Path, times: str) -> None:
    """Give the committed results other times of change."""
    files = [folder / name for name in git(folder, "ls-files", "results").splitlines()]
    draw = random.Random(times)
    for file in files if times != "as git gives them" else []:
        seconds = draw.randrange(10**8, 10**9) if times.startswith("random") else 10**9
        os.utime(file, (seconds, seconds))


def planned_outputs(text: str, rules: str) -> set[str]:
    """The files that the jobs of a dry run with these rules would write."""
    jobs = re.findall(rf"^rule (?:{rules}):\n((?:    .*\n)+)", text, flags=re.MULTILINE)
    lines = [
        line
        for job in jobs
        for line in re.findall(r"^    output: (.*)", job, flags=re.MULTILINE)
    ]
    return {
        path.removesuffix(" (update)") for line in lines for path in line.split(", ")
    }


@pytest.mark.parametrize("times", TIMES)
def test_no_committed_result_is_planned_again(clone, times):
    committed = set(git(clone, "ls-files", "results").splitlines())
    set_times(clone, times)
    targets = [
        f"{scale}{ending}" for scale in scale_names() for ending in ("", "_headline")
    ]
    done = snakemake(clone, "-n", "--", "all", *targets)
    assert done.returncode == 0, done.stderr[-2000:]
    planned = planned_outputs(
        done.stdout + done.stderr,
        "train|evaluate|trajectory|features|count_forwards|time_steps",
    )
    # The reading works.
    assert "results/digits/runs/digits-at-s0/manifest.json" in planned
    assert not planned & committed


@pytest.mark.parametrize(
    ("rule", "target"),
    [
        ("train", "results/mini/runs/cifar10-kd_swa-s0/manifest.json"),
        ("evaluate", "results/mini/runs/cifar10-at-s0/evaluation.json"),
        ("trajectory", "results/mini/runs/cifar10-at-s0/trajectory.csv"),
        ("features", "results/mini/runs/cifar10noise-standard-s0/features.csv"),
    ],
)
def test_a_job_that_fails_leaves_what_was_there(clone, tmp_path, rule, target):
    (tmp_path / "empty").mkdir()
    done = snakemake(
        clone, "--forcerun", rule, "--", target, SGLR_DATA=str(tmp_path / "empty")
    )
    assert done.returncode != 0 and f"rule {rule}:" in done.stdout + done.stderr
    assert git(clone, "status", "--porcelain", "results") == ""
