"""One network trained on real digits, shared by the tests that need a sensible one."""

import pytest
import torch

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The Slurm test, most of which is waiting, goes first: last, it would leave the other process idle."""
    items.sort(key=lambda item: item.path.name != "test_slurm.py")
