"""One training on two gloo processes beside the same on one: the user's commands, on real digits."""

import sys
from pathlib import Path

import pandas as pd
import pytest
from tools import ROOT, Done, output, run

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


def test_two_processes_train_as_one_does(tmp_path, undisturbed):
    two = trained(TWO, "digits-sglr-s0", tmp_path)
    assert (undisturbed.loc[0, LOSSES] - two.loc[0, LOSSES]).abs().max() < 1e-5
    assert_alike(two, undisturbed)
    assert undisturbed["train_loss"].nunique() == len(undisturbed) == 4


def test_a_gradient_taken_apart_from_the_step_is_summed_too(tmp_path):
    alone, two = (
        trained(how, "digits-awp-s0", tmp_path / str(len(how))) for how in (ALONE, TWO)
    )
    assert_alike(two, alone)


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
    assert_alike(
        pd.read_csv(tmp_path / "smoke" / "runs" / "digits-sglr-s0" / "history.csv"),
        undisturbed,
    )


def assert_alike(one: pd.DataFrame, other: pd.DataFrame) -> None:
    assert (one[LOSSES] - other[LOSSES]).abs().max().max() < 1e-3
    accuracies = [column for column in one if column.endswith("accuracy")]
    assert (
        one[accuracies] - other[accuracies]
    ).abs().max().max() <= 2 / 60  # two of 60 images
