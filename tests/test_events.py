"""Event files against TensorBoard's own reader, from the user's command."""

import shutil
import subprocess
import sys

import pandas as pd
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tools import ROOT, output, run, sglr, sglr_words, standing_still

from sglr.export.events import write_events
from sglr.files.errors import UsageError

RUNS = ROOT / "results/mini/runs"


@pytest.mark.parametrize("run", ["cifar10-sglr_released-s0", "cifar10-standard-s0"])
def test_the_events_are_the_history_however_often_they_are_written(run, tmp_path):
    folder = tmp_path / "mini/runs" / run
    shutil.copytree(RUNS / run, folder)
    for _ in range(2):
        said = output(
            sglr(tmp_path, "events", run, "--results", tmp_path, scale="mini")
        )
    events = EventAccumulator(said.strip()).Reload()
    history = (
        pd.read_csv(folder / "history.csv").set_index("epoch").dropna(axis="columns")
    )
    assert set(events.Tags()["scalars"]) == set(history.columns)
    for name, column in history.items():
        points = {event.step: event.value for event in events.Scalars(name)}
        assert points == pytest.approx(column.to_dict(), rel=1e-6) and len(
            events.Scalars(name)
        ) == len(column)


def test_a_run_not_trained_and_a_package_not_installed_are_one_clear_line(
    tmp_path, monkeypatch
):
    with pytest.raises(
        UsageError, match="history.csv: no such file; train the run first"
    ):
        write_events(tmp_path)
    (tmp_path / "history.csv").write_text("epoch,train_loss\n1,2.0\n")
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(UsageError, match="tensorboard is not installed"):
        write_events(tmp_path)


def test_a_training_can_be_watched_and_a_resumed_one_too(tmp_path):
    words = [
        *sglr_words("train", "digits-at-s0", "--events"),
        "--results",
        str(tmp_path),
    ]
    folder = tmp_path / "smoke/runs/digits-at-s0"
    process = subprocess.Popen(
        standing_still(2, words), stdout=subprocess.PIPE, text=True
    )
    while "epoch 2/4" not in process.stdout.readline():
        assert process.poll() is None
    assert (
        len(pd.read_csv(folder / "history.csv")) >= 2
        and not (folder / "manifest.json").exists()
    )
    process.terminate()
    process.communicate()
    output(run(tmp_path, *words))
    events = EventAccumulator(str(folder / "events")).Reload()
    history = pd.read_csv(folder / "history.csv").set_index("epoch")
    assert [event.step for event in events.Scalars("train_loss")] == [1, 2, 3, 4]
    points = {
        event.step: event.value for event in events.Scalars("test_robust_accuracy")
    }
    assert points == pytest.approx(history["test_robust_accuracy"].to_dict(), rel=1e-6)
