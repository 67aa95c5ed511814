"""Real CIFAR-10 through loader, augmentation, attack and one epoch of ResNet-18."""

import os

import pandas as pd
import pytest

from sglr.engine.device import prepare
from sglr.files.yaml import CONFIG
from sglr.plan import scale_files
from sglr.plan.plan_files import load_plan
from sglr.training.job import Job
from sglr.training.signals import StopRequest

needs_cifar = pytest.mark.skipif(
    "SGLR_DATA" not in os.environ, reason="SGLR_DATA names no torchvision root"
)

TINY = "num_train: 32, num_validation: 20, num_test: 100"
ATTACK = "train_steps: 2"


@needs_cifar
def test_one_epoch_of_resnet18_on_real_cifar10(tmp_path, monkeypatch):
    text = (CONFIG / "scales" / "paper.yaml").read_text()
    small = text.replace(
        "num_train: 49000, num_validation: 1000, num_test: 10000", TINY
    )
    small = small.replace(
        "epochs: 200, batch_size: 128", "epochs: 1, batch_size: 16"
    ).replace("train_steps: 10", ATTACK)
    small = small.replace("curve_steps: 10", "curve_steps: 1").replace(
        "num_curve: 10000", "num_curve: 20"
    )
    (tmp_path / "scales").mkdir()
    (tmp_path / "scales" / "paper.yaml").write_text(small)
    (tmp_path / "plan.yaml").write_text((CONFIG / "plan.yaml").read_text())
    monkeypatch.setattr(scale_files, "CONFIG", tmp_path)
    plan = load_plan("paper")
    run = plan.runs["cifar10-at-s0"]
    monkeypatch.setenv("SGLR_DEVICE", "cpu")
    device, engine = prepare(plan.scale.engine, threads=1)
    job = Job(run, plan.scale, tmp_path / run.id, plan.settings_of(run), device, engine)
    assert sum(p.numel() for p in job.recipe.model.parameters()) == 11_173_962
    assert (
        job.splits.train.images.shape == (32, 3, 32, 32)
        and job.splits.train.levels == 255
    )
    job.fit(StopRequest())
    (row,) = pd.read_csv(tmp_path / run.id / "history.csv").to_dict("records")
    assert 1.5 < row["train_loss"] < 8 and row["gradient_norm"] > 0
