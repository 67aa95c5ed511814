"""The headline's runs through a real Slurm, disturbed from outside in every way a cluster knows: the same results."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from slurm_node import alive, missing, restart_controller, slurm_node
from tools import ROOT, copy_checkout

METHODS = ("at", "ls", "sglr")
RUNS = [f"digits-{method}-s0" for method in METHODS]
TRAINED = [f"results/smoke/runs/{run}/manifest.json" for run in RUNS]
EVALUATION = f"results/smoke/runs/{RUNS[2]}/evaluation.json"
QUICKER = [
    "--slurm-init-seconds-before-status-checks",
    "1",
    "--latency-wait",
    "5",
]
# A GPU for each training, so that Slurm hands them out.
ON_GPUS = ["--set-resources", "train:gpu=1"]
PATIENCE = 900  # seconds; much less on an idle machine

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "-")


# One process for all commands: a start costs more than what they do.
LOCAL = f"""import sys
from sglr.cli import main
for words in {[*(["train", run] for run in RUNS), ["evaluate", RUNS[2]]]}:
    sys.argv = ["sglr", *words, "--scale", "smoke"]
    main()
"""


@pytest.fixture(scope="module")
def local(tmp_path_factory) -> Iterator[Callable[[], dict]]:
    """What the same runs give without a cluster; they are computed beside the tests, and waited for when asked."""
    root = tmp_path_factory.mktemp("local")
    prepare(root)
    process = start(root, dict(os.environ), "-c", LOCAL)

    def found() -> dict:
        assert process.wait(PATIENCE) == 0, said(root)[-5000:]
        return results(root)

    yield found
    process.kill()


def test_a_crash_a_time_limit_a_requeue_and_an_interrupted_driver_change_nothing(
    checkout, tmp_path, local
):
    with slurm_node(tmp_path / "slurm") as environment:
        cluster = Cluster(checkout, environment)
        targets = [*TRAINED, EVALUATION]
        driver = cluster.drive(*targets)
        until(lambda: len(cluster.held()) == 2, driver)
        side_by_side = cluster.held()
        driver.send_signal(signal.SIGINT)
        assert driver.wait(PATIENCE) != 0
        until(lambda: not cluster.queued() and not cluster.held())

        driver = cluster.drive(*targets)
        faults = {
            RUNS[0]: cluster.crash,
            RUNS[1]: cluster.outlast_its_limit,
            RUNS[2]: cluster.requeue,
        }
        while faults:
            until(lambda: any(each.run in faults for each in cluster.held()), driver)
            for each in [each for each in cluster.held() if each.run in faults]:
                cluster.hold_no_more(each.run)
                faults.pop(each.run)(each)
        assert driver.wait(PATIENCE) == 0, said(checkout)
        ends, memory = cluster.jobs("%T"), cluster.jobs("%m")

    assert {each.gpu for each in side_by_side} == {"0", "1"}
    # SIGKILL is how a job ends that needs more memory than it has: its retry asks for half as much again.
    assert ends[RUNS[0]][-2:] == ["FAILED", "COMPLETED"]
    assert memory[RUNS[0]][-2:] == ["2000M", "3000M"]
    assert ends[RUNS[1]][-2:] == ["TIMEOUT", "COMPLETED"]
    assert ends[RUNS[2]][-1] == "COMPLETED"
    assert {path.name for path in (checkout / "logs/slurm").iterdir()} == {
        "rule_train",
        "rule_evaluate",
    }
    for run in RUNS:  # the log is the last attempt's
        log = (checkout / f"logs/smoke/train/{run}.log").read_text()
        epochs = re.findall(r" epoch (\d+)/4 ", log)
        assert int(epochs[0]) > 1 and epochs[-1] == "4", "it did not go on"
    assert results(checkout) == local()


def test_a_cancelled_and_a_warned_job_a_new_controller_and_a_killed_driver_change_nothing(
    checkout, tmp_path, local
):
    with slurm_node(tmp_path / "slurm") as environment:
        cluster = Cluster(checkout, environment)
        driver = cluster.drive(*TRAINED)
        until(lambda: len(cluster.held()) == 2, driver)
        cancelled, warned = cluster.held()
        restart_controller(tmp_path / "slurm", environment)
        assert cluster.held() == [cancelled, warned], "they ended with their controller"
        cluster.cancel(cancelled)
        cluster.warn(warned)
        # Both are sent again, and again two stand still while one waits.
        until(lambda: cluster.sent() >= 5 and len(cluster.held()) == 2, driver)
        assert cluster.jobs("%T")[cancelled.run][0] == "CANCELLED"
        assert cluster.jobs("%T")[warned.run][0] == "FAILED"
        assert "stopped by SIGUSR1 in epoch 2" in said(checkout)

        driver.kill()
        driver.wait()
        unlocked = cluster.snakemake("--unlock", "--cores", "1", "--", *TRAINED)
        assert unlocked.wait(PATIENCE) == 0
        sent = cluster.sent()
        driver = cluster.drive(*TRAINED)  # the jobs of before are still there
        until(lambda: cluster.sent() == sent + 3, driver)
        one, other = cluster.held()
        for run in RUNS:
            if run != one.run:
                cluster.hold_no_more(run)
        cluster.let_go(other)
        until(lambda: cluster.refused(one.run))  # it writes still, and another came
        cluster.hold_no_more(one.run)
        cluster.let_go(one)
        driver.wait(PATIENCE)
        until(lambda: not cluster.queued())
        driver = cluster.drive(*TRAINED)
        assert driver.wait(PATIENCE) == 0, said(checkout)

    assert overlaps(cluster.noted()) == []
    assert histories(checkout) == {run: local()[run] for run in RUNS}


class Noted(NamedTuple):
    """What a training in the cluster did: a line that slurm_witness.py wrote."""

    run: str
    pid: int
    job: str
    gpu: str
    what: str


def overlaps(noted: list[Noted]) -> list[str]:
    """Runs that a process began to write while another did; a process that is gone without a word had been killed."""
    writes: dict[str, int] = {}
    found = []
    for each in noted:
        if each.what == "writes":
            writes[each.run] = each.pid
        elif each.what == "wrote" and writes.get(each.run) != each.pid:
            found.append(each.run)  # it ends, and another has begun meanwhile
    return found


def test_two_writers_would_be_seen():
    def noted(*events: tuple[int, str]) -> list[Noted]:
        return [Noted("a", pid, "1", "0", what) for pid, what in events]

    one, other = (1, "writes"), (2, "writes")
    assert overlaps(noted(one, other, (1, "wrote"))) == ["a"]
    assert overlaps(noted(one, (1, "wrote"), other, (2, "wrote"))) == []
    assert overlaps(noted(one, other, (2, "wrote"))) == []  # the first was killed


@pytest.fixture
def checkout(tmp_path) -> Iterator[Path]:
    root = tmp_path / "checkout"
    root.mkdir()
    prepare(root)
    yield root
    print(
        said(root)[-5000:], (root / "noted").read_text()
    )  # shown of a test that fails


def prepare(root: Path) -> None:
    """A copy of this checkout with a plan of three runs, whose trainings in a cluster are noted and held."""
    copy_checkout(root)
    plan = f"headline:\n  - {{data: ten_classes, method: [{', '.join(METHODS)}]}}\n"
    (root / "config/plan.yaml").write_text(plan)
    shutil.copy(ROOT / "tests/slurm_witness.py", root / "sitecustomize.py")
    (root / "go").mkdir()
    (root / "holds").mkdir()
    for run in RUNS:
        (root / "holds" / run).touch()


def start(root: Path, environment: dict[str, str], *words: str) -> subprocess.Popen:
    """Python, started in the checkout as from a user's shell; what it says is kept there."""
    with open(root / "said", "a") as log:
        return subprocess.Popen(
            [sys.executable, *words],
            cwd=root,
            env=environment | {"PYTHONPATH": str(root)},
            stdout=log,
            stderr=log,
            preexec_fn=take_interrupts,
        )


def said(root: Path) -> str:
    """What the processes said that were started in the checkout."""
    return (root / "said").read_text()


def take_interrupts() -> None:
    """A test runner's worker may ignore SIGINT, and its children with it; a user's shell does not."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Cluster:
    """What the test does to the jobs, and sees of them."""

    def __init__(self, checkout: Path, environment: dict[str, str]):
        self.checkout, self.environment = checkout, environment

    def drive(self, *targets: str) -> subprocess.Popen:
        profile = ("--profile", "profiles/slurm")
        return self.snakemake(*profile, *QUICKER, *ON_GPUS, "--", *targets)

    def snakemake(self, *words: str) -> subprocess.Popen:
        words = ("-m", "snakemake", *words)
        return start(self.checkout, self.environment, *words)

    def noted(self) -> list[Noted]:
        """What the trainings did, in order."""
        path = self.checkout / "noted"
        lines = path.read_text().splitlines() if path.exists() else []
        words = [line.split() for line in lines]
        return [Noted(run, int(pid), *rest) for run, pid, *rest in words]

    def held(self) -> list[Noted]:
        """The trainings that stand still."""
        last = {each.pid: each for each in self.noted()}
        return [
            each for each in last.values() if each.what == "held" and alive(each.pid)
        ]

    def refused(self, run: str) -> bool:
        """Whether a training of the run found another at it."""
        return any(each.run == run and each.what == "refused" for each in self.noted())

    def hold_no_more(self, run: str) -> None:
        """Hold no further training of the run; one that is held stays so."""
        (self.checkout / "holds" / run).unlink()

    def let_go(self, training: Noted) -> None:
        (self.checkout / f"go/{training.pid}").touch()

    def crash(self, training: Noted) -> None:
        os.kill(training.pid, signal.SIGKILL)

    def outlast_its_limit(self, training: Noted) -> None:
        self._slurm("scontrol", "update", f"JobId={training.job}", "EndTime=now+10")

    def requeue(self, training: Noted) -> None:
        self._slurm("scontrol", "requeue", training.job)
        until(lambda: self.jobs("%T")[training.run][-1] == "PENDING")
        # Slurm would wait two minutes.
        self._slurm("scontrol", "update", f"JobId={training.job}", "StartTime=now")

    def cancel(self, training: Noted) -> None:
        self._slurm("scancel", training.job)

    def warn(self, training: Noted) -> None:
        """What `--signal=USR1@60` asks for, at once."""
        self._slurm("scancel", "--signal=USR1", training.job)

    def queued(self) -> bool:
        """Whether any job has not ended."""
        return bool(self._slurm("squeue", "-h").split())

    def sent(self) -> int:
        """How many trainings were sent."""
        return sum(map(len, self.jobs("%i").values()))

    def jobs(self, what: str) -> dict[str, list[str]]:
        """Run -> what squeue tells of its trainings' jobs, in order, ended ones too."""
        form = f"{what} %k"
        told = self._slurm("squeue", "-h", "-t", "all", "-S", "i", "-o", form)
        jobs = [line.split() for line in told.splitlines()]
        return {
            run: [
                one for one, rule in jobs if rule == f"rule_train_wildcards_smoke_{run}"
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
        time.sleep(0.1)


def results(root: Path) -> dict[str, object]:
    """What must be equal: curves byte for byte, an evaluation but for where it comes from."""
    evaluation = json.loads((root / EVALUATION).read_text())
    assert evaluation.pop("origin")
    return {**histories(root), "evaluation": evaluation}


def histories(root: Path) -> dict[str, bytes]:
    folders = {run: root / "results/smoke/runs" / run for run in RUNS}
    return {run: (path / "history.csv").read_bytes() for run, path in folders.items()}
