"""What Snakemake plans, by dry runs: nothing is trained here."""

import json
import os
import re
import sys
from collections import Counter
from pathlib import Path

import pytest
from tools import ROOT, output, run, snakemake

from sglr.methods import METHODS
from sglr.plan.plan import Plan
from sglr.plan.plan_files import load_plan


def dry_run(folder: Path, *targets: str, root: Path = ROOT, cores: int = 8) -> str:
    """What a dry run in `folder` prints, the workflow taken from `root`."""
    return output(snakemake(folder, "-np", "--", *targets, root=root, cores=cores))


def planned(text: str, rule: str) -> Counter[str]:
    """Run id -> how many jobs of `rule` a dry run lists for it."""
    pattern = rf"^rule {rule}:\n(?:    .*\n)*?    wildcards: .*run=([^,\n]+)"
    return Counter(re.findall(pattern, text, flags=re.MULTILINE))


@pytest.fixture(scope="module")
def everything(tmp_path_factory) -> str:
    return dry_run(tmp_path_factory.mktemp("all"), "all")


def test_all_trains_every_planned_run_once(everything):
    assert planned(everything, "train") == Counter(load_plan("digits").runs.keys())


def runs_of(plan: Plan, *artefacts: str) -> set[str]:
    """Ids of the runs of some tables and figures."""
    return {run for name in artefacts for run in plan.artefacts[name]}


EVALUATED = ("table2", "table3", "table4", "table_start", "headline")
ALONG = ("figure1", "figure2", "figure3")  # of Figure 2's runs the last network alone


def test_all_measures_each_run_once_and_only_where_something_shows_it(everything):
    plan = load_plan("digits")
    assert planned(everything, "evaluate") == Counter(runs_of(plan, *EVALUATED))
    assert planned(everything, "trajectory") == Counter(runs_of(plan, *ALONG))
    assert planned(everything, "features") == Counter(runs_of(plan, "figure5"))


def test_a_student_waits_for_its_teachers(tmp_path):
    folder = "results/digits/runs"
    trained = planned(
        dry_run(tmp_path, f"{folder}/digits-kd_swa-s0/manifest.json"), "train"
    )
    assert set(trained) == {"digits-kd_swa-s0", "digits-standard-s0", "digits-at-s0"}


def test_one_figure_trains_only_its_own_runs(tmp_path):
    for target in ("figures/digits/figure4.pdf", "figure4"):
        trained = planned(dry_run(tmp_path, target), "train")
        assert set(trained) == set(load_plan("digits").artefacts["figure4"])


@pytest.mark.parametrize("cores", [1, 3, 8, 7 * (os.cpu_count() or 1) + 1])
def test_no_more_trainings_at_once_than_processors(tmp_path, cores):
    text = dry_run(
        tmp_path, "results/digits/runs/digits-at-s0/manifest.json", cores=cores
    )
    threads = int(
        (re.search(r"^    threads: (\d+)", text, flags=re.MULTILINE) or [0, 1])[1]
    )
    assert cores // threads <= (os.cpu_count() or 1)


def asked(text: str, rule: str) -> dict[str, str]:
    """What a dry run says that a job of `rule` asks for."""
    (line,) = re.findall(
        rf"^rule {rule}:\n(?:    .*\n)*?    resources: (.*)", text, flags=re.MULTILINE
    )[:1]
    return dict(word.split("=") for word in line.split(", "))


def test_a_job_asks_for_what_its_scale_says_and_twice_its_estimate(tmp_path):
    text = dry_run(tmp_path, "results/paper/runs/cifar10-standard-s0/evaluation.json")
    cost = load_plan("paper").scale.cost
    for rule, minutes in (("train", cost.standard), ("evaluate", cost.evaluation)):
        found = asked(text, rule)
        assert (found["gpu"], found["cpus_per_task"], int(found["runtime"])) == (
            "1",
            "4",
            10 + 2 * minutes,
        )
    found = asked(
        dry_run(tmp_path, "results/smoke/runs/digits-at-s0/manifest.json"), "train"
    )
    assert (found["gpu"], found["cpus_per_task"], found["runtime"]) == ("0", "1", "11")


def test_a_dry_run_tells_the_hours(tmp_path):
    plan = load_plan("paper")
    adversarial = [METHODS[run.method].adversarial for run in plan.runs.values()]
    minutes = sum(
        plan.scale.cost.adversarial if yes else plan.scale.cost.standard
        for yes in adversarial
    )
    measured = sum(
        len(runs_of(plan, *names)) for names in (EVALUATED, ALONG, ("figure5",))
    )
    hours = (minutes + measured * plan.scale.cost.evaluation) / 60
    (line,) = [
        line
        for line in dry_run(tmp_path, "paper").splitlines()
        if line.startswith("Planned: ")
    ]
    assert (
        f"Planned: {len(adversarial) + measured} trainings and measurements, about {hours:.1f} hours"
        in line
    )


def test_a_plan_of_many_runs_is_measured(tmp_path):
    found = json.loads(
        run(ROOT, sys.executable, "-m", "benchmarks.plan_size", 2).stdout
    )
    assert found["seeds"] == 2 and found["jobs"] > found["trainings"]
    assert found["trainings"] == 2 * sum(
        len(load_plan(scale).runs) for scale in ("quick", "paper")
    )
