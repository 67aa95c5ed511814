"""Scikit-learn's 1,797 real 8x8 digits, and two-digit numbers composed of them."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from sglr.data.images import ImageSet, balanced_order
from sglr.files.errors import UsageError

WHITE = 16
_SEED = 0


def digits(sizes: list[int]) -> tuple[list[ImageSet], int]:
    """Return disjoint parts of the digits of these sizes, and 10."""
    return digit_parts(sizes), 10


def numbers(sizes: list[int]) -> tuple[list[ImageSet], int]:
    """Return parts of the two-digit numbers of these sizes, and 100."""
    return number_parts(sizes), 100


def digit_parts(sizes: list[int]) -> list[ImageSet]:
    """Return disjoint, class-balanced parts of the digits, of these sizes, from one fixed random order.

    Raises UsageError where the sizes ask for more than there are.
    """
    table = _read()
    images, labels = table[:, :-1].to(torch.uint8).reshape(-1, 1, 8, 8), table[:, -1]
    if sum(sizes) > len(labels):
        raise UsageError(
            f"digits has {len(labels)} images in all; the scale asks for {sizes}"
        )
    order = balanced_order(labels, torch.Generator().manual_seed(_SEED))
    digits = ImageSet(images, labels, WHITE)
    return [digits.at(part) for part in order[: sum(sizes)].split(sizes)]


def _read() -> Tensor:
    """The file inside scikit-learn, (1797, 65) int64: 64 pixels and the label a row.

    Importing scikit-learn takes a second, which every job of the DAG would pay. Raises UsageError without the file.
    """
    package = find_spec("sklearn")
    path = (
        Path(str(package and package.origin)).parent
        / "datasets"
        / "data"
        / "digits.csv.gz"
    )
    if not path.exists():
        raise UsageError(f"{path}: no such file; scikit-learn holds the digits")
    return torch.from_numpy(np.loadtxt(path, delimiter=",").astype(np.int64))


def number_parts(sizes: list[int]) -> list[ImageSet]:
    """Return parts of the numbers 00-99 as 8x16 images, each composed of digits that no other part uses."""
    digits = digit_parts([900, 300, 597])
    return [
        _compose(part, size, seed)
        for seed, (part, size) in enumerate(zip(digits, sizes, strict=True))
    ]


def _compose(digits: ImageSet, count: int, seed: int) -> ImageSet:
    """`count` numbers, the classes in turn so that they are balanced, in a random order."""
    generator = torch.Generator().manual_seed(_SEED + seed)
    labels = (torch.arange(count) % 100)[torch.randperm(count, generator=generator)]
    left = _draw(digits, labels // 10, generator)
    right = _draw(digits, labels % 10, generator)
    return ImageSet(torch.cat([left, right], dim=3), labels, digits.levels)


def _draw(digits: ImageSet, wanted: Tensor, generator: torch.Generator) -> Tensor:
    """One random image (1, 8, 8) of each wanted digit."""
    picked = torch.empty_like(wanted)
    for digit in range(10):
        having = (digits.labels == digit).nonzero()[:, 0]
        places = wanted == digit
        picked[places] = having[
            torch.randint(len(having), (int(places.sum()),), generator=generator)
        ]
    return digits.images[picked]
