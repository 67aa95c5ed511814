"""CIFAR-10 and CIFAR-100 through torchvision: at SGLR_DATA, or downloaded to data/."""

import os
from pathlib import Path

import numpy as np
import torch

from sglr.data.images import ImageSet
from sglr.errors import UsageError

_SEED = 0


def cifar_parts(source: str, sizes: list[int]) -> list[ImageSet]:
    """Return training, held-out and test images of these sizes; a fixed seed picks the first two, test is in order."""
    train, test = _read(source, train=True), _read(source, train=False)
    if sizes[0] + sizes[1] > len(train) or sizes[2] > len(test):
        raise UsageError(f"{source} has {len(train)} training and {len(test)} test images; the scale asks for {sizes}")
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(_SEED))
    parts = order[: sizes[0] + sizes[1]].split(sizes[:2])
    return [*(ImageSet(train.images[p], train.labels[p], 255) for p in parts), test.first(sizes[2])]


def _read(source: str, train: bool) -> ImageSet:
    from torchvision.datasets import CIFAR10, CIFAR100

    kind = CIFAR10 if source == "cifar10" else CIFAR100
    given = os.environ.get("SGLR_DATA")
    root = Path(given or "data")
    try:
        content = kind(str(root), train=train, download=given is None)
    except Exception as error:  # torchvision raises many kinds for a missing, truncated or changed file
        raise UsageError(
            f"{root}: no intact {source} there ({type(error).__name__}: {error}); set SGLR_DATA to a torchvision root, "
            "or unset it to download the official archive"
        ) from None
    images = torch.from_numpy(np.ascontiguousarray(content.data.transpose(0, 3, 1, 2)))
    return ImageSet(images, torch.tensor(content.targets), 255)
