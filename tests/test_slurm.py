"""The headline's runs through a real Slurm, disturbed from outside in every way a cluster knows: the same results."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from slurm_node import missing, processes, slurm_node
from tools import copy_checkout

TARGET = "results/smoke/tables/headline.csv"
METHODS = ("at", "ls", "sglr")
RUNS = [f"digits-{method}-s0" for method in METHODS]
# A check of the queue every few seconds instead of forty; a GPU for each training, so that Slurm hands them out.
QUICKER = [
    "--slurm-status-command",
    "squeue",
    "--slurm-init-seconds-before-status-checks",
    "3",
    "--latency-wait",
    "5",
]
ON_GPUS = ["--set-resources", "train:gpu=1"]
PATIENCE = 900  # seconds; much less on an idle machine
# Python runs this first in every process of the checkout: a training in the cluster says which GPU it was given, and
# the first one waits for a second, so that two are held side by side whatever the timing.
RECORDER = """
import os, sys, time
if "train" in sys.orig_argv and "SLURM_JOB_ID" in os.environ:
    with open("gpus", "a") as file:
        print(os.environ.get("CUDA_VISIBLE_DEVICES"), file=file)
    deadline = time.monotonic() + 300
    while len(open("gpus").read().split()) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
"""


@pytest.mark.skipif(bool(missing()), reason=missing() or "-")
def test_a_crash_a_time_limit_a_requeue_and_an_interrupted_driver_change_nothing(
    checkout, tmp_path
):
    with slurm_node(tmp_path / "slurm") as environment:
        cluster = Cluster(checkout, environment)
        driver = cluster.drive()
        until(lambda: any(cluster.training(run) for run in RUNS), driver)
        driver.send_signal(signal.SIGINT)
        assert driver.wait(PATIENCE) != 0
        until(lambda: not any(cluster.training(run) for run in RUNS))

        driver = cluster.drive()
        faults = {
            RUNS[0]: cluster.crash,
            RUNS[1]: cluster.outlast_its_limit,
            RUNS[2]: cluster.requeue,
        }
        while faults:
            until(lambda: any(cluster.training(run) for run in faults), driver)
            for run in [run for run in faults if cluster.training(run)]:
                faults.pop(run)(run)
        local = snakemake(checkout, environment, "--cores", "2", "--directory", "local")
        assert local.wait(PATIENCE) == 0
        assert driver.wait(PATIENCE) == 0, (checkout / "driver.log").read_text()[-5000:]
        ends = cluster.ends()

    assert (
        "TIMEOUT" in ends[RUNS[1]]
        and "FAILED" in ends[RUNS[0]]
        and ends[RUNS[2]][-1] == "COMPLETED"
    )
    assert set(cluster.gpus()) == {"0", "1"} and len(cluster.gpus()) > len(RUNS)
    assert {path.name for path in (checkout / "logs/slurm").iterdir()} == {
        "rule_train",
        "rule_evaluate",
    }
    for run in RUNS[:3]:  # the log is the last attempt's
        epochs = re.findall(
            r" epoch (\d+)/100 ", (checkout / f"logs/smoke/train/{run}.log").read_text()
        )
        assert int(epochs[0]) > 1 and epochs[-1] == "100", (
            f"{run} did not go on where it stopped"
        )
    assert results(checkout) == results(checkout / "local")


@pytest.fixture
def checkout(tmp_path) -> Path:
    """A copy of this checkout, its adversarial trainings long enough to be caught under way."""
    root = tmp_path / "checkout"
    root.mkdir()
    copy_checkout(root)
    (root / "local").mkdir()
    (root / "sitecustomize.py").write_text(RECORDER)
    plan = f"headline:\n  - {{data: ten_classes, method: [{', '.join(METHODS)}]}}\n"
    (root / "config/plan.yaml").write_text(plan)
    scale = root / "config/scales/smoke.yaml"
    longer = scale.read_text().replace(
        "adversarial: {epochs: 4,", "adversarial: {epochs: 100,"
    )
    assert longer != scale.read_text()
    scale.write_text(longer)
    return root


def snakemake(
    checkout: Path, environment: dict[str, str], *words: str
) -> subprocess.Popen:
    """Snakemake, started in the checkout as a user would."""
    with open(checkout / "driver.log", "a") as log:
        command = [sys.executable, "-m", "snakemake", *words, "--", TARGET]
        return subprocess.Popen(
            command,
            cwd=checkout,
            env=environment,
            stdout=log,
            stderr=log,
            preexec_fn=take_interrupts,
        )


def take_interrupts() -> None:
    """A test runner's worker may ignore SIGINT, and its children with it; a user's shell does not."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Cluster:
    """What the test does to the jobs, and sees of them."""

    def __init__(self, checkout: Path, environment: dict[str, str]):
        self.checkout, self.environment = checkout, environment

    def drive(self) -> subprocess.Popen:
        return snakemake(
            self.checkout,
            self.environment,
            "--profile",
            "profiles/slurm",
            *QUICKER,
            *ON_GPUS,
        )

    def training(self, run: str) -> int | None:
        """The process that trains `run`, once it has saved an epoch; a state alone may hold steps of the first."""
        if (self.checkout / f"results/smoke/runs/{run}/history.csv").exists():
            for pid in processes(run, "cmdline"):
                if os.readlink(f"/proc/{pid}/cwd") == str(self.checkout):
                    return pid
        return None

    def crash(self, run: str) -> None:
        os.kill(self._catch(run), signal.SIGKILL)

    def outlast_its_limit(self, run: str) -> None:
        os.kill(self._catch(run), signal.SIGSTOP)
        self._slurm("scontrol", "update", f"JobId={self._job(run)}", "TimeLimit=1")

    def requeue(self, run: str) -> None:
        self._catch(run)
        job = self._job(run)
        self._slurm("scontrol", "requeue", job)
        until(lambda: "PENDING" in self.ends()[run])
        # Slurm would wait two minutes.
        self._slurm("scontrol", "update", f"JobId={job}", "StartTime=now")

    def _catch(self, run: str) -> int:
        pid = self.training(run)
        assert pid, f"{run} ended before it could be disturbed"
        return pid

    def gpus(self) -> list[str]:
        """The GPU of every training that started in the cluster, in order."""
        return (self.checkout / "gpus").read_text().split()

    def _job(self, run: str) -> str:
        """The Slurm id of the run's latest training."""
        lines = self._slurm(
            "squeue", "-h", "-t", "all", "-S", "i", "-o", "%i %k"
        ).splitlines()
        return [
            line.split()[0]
            for line in lines
            if line.endswith(f" rule_train_wildcards_smoke_{run}")
        ][-1]

    def ends(self) -> dict[str, list[str]]:
        """Run -> the states of its trainings' Slurm jobs, in order."""
        lines = self._slurm(
            "squeue", "-h", "-t", "all", "-S", "i", "-o", "%T %k"
        ).splitlines()
        return {
            run: [
                line.split()[0]
                for line in lines
                if line.endswith(f" rule_train_wildcards_smoke_{run}")
            ]
            for run in RUNS
        }

    def _slurm(self, *words: str) -> str:
        return subprocess.run(
            words, env=self.environment, check=True, capture_output=True, text=True
        ).stdout


def until(
    happened: Callable[[], object], driver: subprocess.Popen | None = None
) -> None:
    """Wait; fail at once where the driver ends meanwhile."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline and (driver is None or driver.poll() is None)
        time.sleep(0.02)


def results(folder: Path) -> dict[str, object]:
    """What must be equal: curves and tables byte for byte, evaluations but for where they come from."""
    smoke = folder / "results/smoke"
    found: dict[str, object] = {"table": (smoke / "tables/headline.csv").read_bytes()}
    for run in RUNS:
        found[run] = (smoke / f"runs/{run}/history.csv").read_bytes()
        evaluation = json.loads((smoke / f"runs/{run}/evaluation.json").read_text())
        assert evaluation.pop("origin")
        found[f"{run} evaluated"] = evaluation
    return found
