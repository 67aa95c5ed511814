"""What tests share: a network trained on real digits, runs of the user's commands, a pretended GPU."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import at_run
import pytest
import sglr_run
import torch
from pretended_gpu import pretended
from pretended_machine import Gpu
from tools import ROOT, output, sglr

from sglr.data import load_splits
from sglr.data.images import Splits
from sglr.models import build
from sglr.plan.scale_files import load_scale

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def splits() -> Splits:
    return load_splits(load_scale("digits").data["digits"], label_noise=0.0, seed=0)


@pytest.fixture(scope="session")
def network(splits) -> torch.nn.Module:
    model = build("small_resnet", 10, 1, 8, 0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(40):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(
            model(splits.train.pixels()), splits.train.labels
        ).backward()
        optimizer.step()
    return model.eval()


@pytest.fixture(scope="session")
def evaluated_at(tmp_path_factory) -> Path:
    """A folder in which PGD-AT's run is trained and evaluated; who changes anything takes `here`."""
    folder = tmp_path_factory.mktemp("evaluated_at")
    for command in ("train", "evaluate"):
        output(sglr(folder, command, at_run.RUN))
    return folder


@pytest.fixture
def here(evaluated_at, tmp_path) -> Path:
    """A copy of `evaluated_at`, for one test to change."""
    shutil.copytree(evaluated_at, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture(scope="session")
def trained_sglr(tmp_path_factory) -> Path:
    """Results with the run of `sglr_run`, trained to its end; tests leave them as they are."""
    results = tmp_path_factory.mktemp("trained_sglr")
    assert sglr_run.sglr(results, "train", sglr_run.RUN).returncode == 0
    return results


@pytest.fixture
def run_here(tmp_path) -> Path:
    """The committed run, alone in results/mini of a folder of its own."""
    place = "results/mini/runs/cifar10-at-s0"
    shutil.copytree(ROOT / place, tmp_path / place)
    return tmp_path / place


@pytest.fixture
def gpu(monkeypatch) -> Iterator[Gpu]:
    """The pretended GPU, on which this process computes."""
    monkeypatch.setenv("SGLR_DEVICE", "cuda")
    with pretended() as gpu:
        yield gpu


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The Slurm test, most of which is waiting, goes first: last, it would leave the other process idle."""
    items.sort(key=lambda item: item.path.name != "test_slurm.py")
