"""What is committed is never planned again, whatever the files' times, and no job that fails takes it away."""

import os
import random
import re
from pathlib import Path

import pytest
from tools import ROOT, git, output, run, snakemake

from sglr.plan.plan_files import load_plan
from sglr.plan.scale_files import scale_names

TIMES = (
    "as git gives them",
    "copied",
    "touched",
    "random 0",
    "random 1",
)
# What costs hours, and weights that are not committed: these rules alone make it.
MEASURED = "train|evaluate|trajectory|features|count_forwards|time_steps"
# Every output of theirs but the two small ones of a scale lies in a run's folder.
OF_A_RUN = (
    "history.csv",
    "labels.csv",
    "manifest.json",
    "evaluation.json",
    "trajectory.csv",
    "features.csv",
    "separability.json",
)


@pytest.fixture
def clone(tmp_path) -> Path:
    """What a reader has after `git clone`, the workflow and the package as they lie here."""
    git(tmp_path, "clone", "--quiet", str(ROOT), "clone")
    for name in ("Snakefile", "workflow", "config", "sglr"):
        output(run(tmp_path, "cp", "-r", ROOT / name, tmp_path / "clone"))
    return tmp_path / "clone"


def set_times(folder: Path, times: str) -> None:
    """Give every tracked file, results and sources alike, another time of change."""
    files = [folder / name for name in git(folder, "ls-files").splitlines()]
    draw = random.Random(times)
    if times == "copied":  # as `cp -r` does: now, folder after folder
        output(run(folder.parent, "cp", "-r", folder, "copied"))
        output(run(folder.parent, "rm", "-r", folder))
        output(run(folder.parent, "mv", "copied", folder))
    elif times == "touched":
        for file in draw.sample(files, len(files)):
            file.touch()
    elif times.startswith("random"):
        for file in files:
            seconds = draw.randrange(10**8, 10**9)
            os.utime(file, (seconds, seconds))


def every_target(committed: set[str]) -> list[str]:
    """What the workflow can be asked for by name, and each committed measurement by its path."""
    scales = [f"{scale}{end}" for scale in scale_names() for end in ("", "_headline")]
    files = [f for f in committed if "/runs/" in f and f.endswith(OF_A_RUN)]
    small = ["results/mini/forwards.json", "results/mini/overhead.json"]
    return ["all", *scales, *load_plan("digits").artefacts, *sorted(files), *small]


def planned_outputs(text: str, rules: str = r"\w+") -> set[str]:
    """The outputs of a dry run's jobs with these rules, with the marks that Snakemake gives them."""
    jobs = re.findall(
        rf"^(?:local)?rule (?:{rules}):\n((?:    .*\n)+)", text, flags=re.MULTILINE
    )
    lines = [
        line
        for job in jobs
        for line in re.findall(r"^    output: (.*)", job, flags=re.MULTILINE)
    ]
    return {path for line in lines for path in line.split(", ")}


@pytest.mark.parametrize("times", TIMES)
def test_no_committed_result_is_planned_again(clone, times):
    committed = set(git(clone, "ls-files").splitlines())
    targets = every_target(committed)
    set_times(clone, times)
    text = output(snakemake(clone, "-n", "--", *targets))
    measured = {
        path.removesuffix(" (update)") for path in planned_outputs(text, MEASURED)
    }
    # The reading works.
    assert "results/digits/runs/digits-at-s0/manifest.json" in measured
    assert not measured & committed


def test_whatever_is_made_again_is_an_update_of_what_is_committed(clone):
    """Snakemake deletes the outputs of a job that starts or fails, but those marked `update` never."""
    committed = set(git(clone, "ls-files").splitlines())
    text = output(snakemake(clone, "-n", "--forceall", "--", *every_target(committed)))
    planned = planned_outputs(text)
    kept = {path.removesuffix(" (update)") for path in planned if "(update)" in path}
    # All that any rule makes is in the plan: a file drawn, collected, judged, measured.
    for file in ("tables/table2.tex", "collected/table2.csv", "claims.md"):
        assert f"results/mini/{file}" in kept
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
