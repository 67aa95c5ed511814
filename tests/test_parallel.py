"""One training on several gloo processes beside the same on one, on real digits: steps, and the user's commands."""

import multiprocessing
import os
import socket
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch
from tools import ROOT, Done, output, run

from sglr.engine import parallel
from sglr.engine.device import prepare
from sglr.plan.plan_files import load_plan
from sglr.plan.runs import make_run
from sglr.training.job import Job

ALONE, TWO = (
    [sys.executable],
    [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2"],
)
COMMAND = ["-m", "sglr"]
STOPPED = """
import signal
from sglr import cli
from sglr.training import signals

class StopInTheSecondEpoch(signals.StopRequest):
    checks = 7  # two while it loads, five or three in the first epoch

    def check(self, agreed=bool):
        self.checks -= 1
        self.received = signal.SIGTERM if self.checks < 0 else None
        super().check(agreed)

signals.StopRequest = StopInTheSecondEpoch
cli.main()
"""
LOSSES = ["train_loss", "gradient_norm"]


def train(
    launcher: list[str], name: str, results: Path, command: list[str] = COMMAND
) -> Done:
    words = [
        *launcher,
        *command,
        "train",
        name,
        "--scale",
        "smoke",
        "--results",
        str(results),
    ]
    return run(
        ROOT, *words, OMP_NUM_THREADS="1", SGLR_DEVICE="cpu", PYTHONPATH=str(ROOT)
    )


def trained(launcher: list[str], name: str, results: Path) -> pd.DataFrame:
    output(train(launcher, name, results))
    return pd.read_csv(results / "smoke" / "runs" / name / "history.csv")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The history of `digits-sglr-s0` in one process."""
    return trained(ALONE, "digits-sglr-s0", tmp_path_factory.mktemp("undisturbed"))


STEPS = ("at", "sglr", "te", "trades", "awp")


def steps_of(folder: Path, method: str) -> list[torch.Tensor]:
    """What two steps with eleven images, labels being refined, leave in a process, and its curve.

    The attack's steps are small: a sign that rounding turns over, as where TRADES starts, is no harm.
    """
    plan = load_plan("smoke")
    scale = replace(plan.scale, attack=replace(plan.scale.attack, step_size=1e-4))
    run = make_run("digits", method)
    device, engine = prepare(plan.scale.engine, 1, gpu=False)
    settings = plan.settings_of(run)
    job = Job(run, scale, folder, settings, device, engine)
    job.recipe.begin_epoch(0.1)
    x, index = next(job.batches.following(job.batches.order()))
    found = [job.recipe.step(x[:11], index[:11], 4) for _ in range(2)]
    found.append(torch.tensor(list(job.curve.measure(job.recipe.model).values())))
    return found + [*job.recipe.state_dict()["objective"].values()][:1] + weights(job)


def weights(job: Job) -> list[torch.Tensor]:
    return [value.clone() for value in job.recipe.model.state_dict().values()]


def one_of_several(rank: int, count: int, port: int, folder: Path) -> None:
    """As torchrun starts a process."""
    names = {"TORCHELASTIC_RUN_ID": "1", "RANK": rank, "WORLD_SIZE": count}
    names |= {"LOCAL_RANK": rank, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    os.environ.update({name: str(value) for name, value in names.items()})
    warnings.simplefilter("error", FutureWarning)  # of what the library gives up
    parallel.init(torch.device("cpu"))
    del os.environ["TORCHELASTIC_RUN_ID"]  # it has joined
    found = {method: steps_of(folder, method) for method in STEPS}
    torch.save(found, folder / f"{rank}.pt")


def test_steps_of_three_processes_are_those_of_one(tmp_path):
    """Eleven images: the parts differ in size."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["sglr.training.job"])
    words = (3, free_port(), tmp_path)
    started = [
        context.Process(target=one_of_several, args=(rank, *words)) for rank in range(3)
    ]
    for process in started:
        process.start()
    alone = {method: steps_of(tmp_path, method) for method in STEPS}
    for process in started:
        process.join()
    assert [process.exitcode for process in started] == [0, 0, 0]
    first, *others = (torch.load(tmp_path / f"{rank}.pt") for rank in range(3))
    for method in STEPS:
        for one, three, *rest in zip(
            alone[method], first[method], *(o[method] for o in others), strict=True
        ):
            torch.testing.assert_close(three, one, rtol=1e-4, atol=1e-5)
            assert all(torch.equal(each, three) for each in rest)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize(
    ("first", "second"),
    ((TWO, ALONE), (ALONE, TWO)),
    ids=("two, then one", "one, then two"),
)
def test_a_stopped_training_goes_on_with_another_number_of_processes(
    tmp_path, undisturbed, first, second
):
    (tmp_path / "stopped.py").write_text(STOPPED)
    stopped = train(first, "digits-sglr-s0", tmp_path, [str(tmp_path / "stopped.py")])
    assert (
        stopped.returncode != 0 and "in epoch 2; 1 epochs are saved" in stopped.stderr
    )
    resumed = train(second, "digits-sglr-s0", tmp_path)
    assert (
        resumed.returncode == 0
        and "epoch 1/4" not in resumed.stdout
        and resumed.stdout.count("epoch 2/4") == 1
    )
    folder = tmp_path / "smoke" / "runs" / "digits-sglr-s0"
    found = pd.read_csv(folder / "history.csv")
    assert (undisturbed.loc[0, LOSSES] - found.loc[0, LOSSES]).abs().max() < 1e-5
    assert_alike(found, undisturbed)
    assert undisturbed["train_loss"].nunique() == len(undisturbed) == 4


def assert_alike(one: pd.DataFrame, other: pd.DataFrame) -> None:
    assert (one[LOSSES] - other[LOSSES]).abs().max().max() < 1e-3
    accuracies = [column for column in one if column.endswith("accuracy")]
    assert (
        one[accuracies] - other[accuracies]
    ).abs().max().max() <= 2 / 60  # two of 60 images
