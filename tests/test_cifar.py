"""Real CIFAR through loader, augmentation, attack and one epoch of ResNet-18; a root that is damaged is refused."""

import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from drawn_splits import assert_balanced, assert_disjoint, contents, load

from sglr.engine.device import prepare
from sglr.files.errors import UsageError
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


@pytest.fixture(scope="module")
def cifar_root() -> Path:
    root = os.environ.get("SGLR_DATA")
    if not root:
        pytest.skip(
            "SGLR_DATA is not set: no CIFAR to test with, and a test downloads nothing"
        )
    return Path(root)


@pytest.mark.parametrize(
    ("source", "num_classes"), [("cifar10", 10), ("cifar100", 100)]
)
def test_cifar_through_the_loader(cifar_root, source, num_classes):
    from torchvision.datasets import CIFAR10, CIFAR100

    small, large = load(source, 4000, 1000, 500), load(source, 49000, 1000, 10000)
    for splits in (small, large):
        assert (
            splits.train.images.shape[1:] == (3, 32, 32) and splits.train.levels == 255
        )
        assert_disjoint(
            contents(splits.train.images), contents(splits.validation.images)
        )
        assert_balanced(splits.train, num_classes)
        assert_balanced(splits.validation, num_classes)
    # Whatever the number of training images.
    assert torch.equal(small.validation.images, large.validation.images)
    kind = CIFAR10 if source == "cifar10" else CIFAR100
    official = kind(str(cifar_root), train=False, download=False)
    for index in (
        0,
        499,
    ):  # through torchvision's own access: a PIL image, height first, channels last
        image, label = official[index]
        expected = torch.from_numpy(np.array(image)).permute(2, 0, 1)
        assert (
            torch.equal(small.test.images[index], expected)
            and small.test.labels[index] == label
        )
    with pytest.raises(
        UsageError, match=rf"^{source} has 50000 training and 10000 test images"
    ):
        load(source, 49500, 1000, 10000)


def test_one_changed_byte_in_the_root_is_refused(cifar_root, monkeypatch, tmp_path):
    folder = shutil.copytree(
        cifar_root / "cifar-10-batches-py", tmp_path / "cifar-10-batches-py"
    )
    damaged = folder / "data_batch_3"
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.chmod(0o644)
    damaged.write_bytes(bytes(content))
    monkeypatch.setenv("SGLR_DATA", str(tmp_path))
    with pytest.raises(UsageError, match="SGLR_DATA"):
        load("cifar10", 100, 100, 100)
