"""Splits of a source as tests draw them, and what holds of any: disjoint, balanced."""

import torch

from sglr.data import load_splits
from sglr.data.images import ImageSet, Splits
from sglr.plan.scales import DataSpec


def load(source: str, *sizes: int, noise: float = 0.0, seed: int = 0) -> Splits:
    return load_splits(DataSpec(source, source, *sizes), label_noise=noise, seed=seed)


def contents(images: torch.Tensor) -> set[bytes]:
    return {image.numpy().tobytes() for image in images}


def assert_disjoint(*sets: set[bytes]) -> None:
    assert sum(len(part) for part in sets) == len(set.union(*sets))


def assert_balanced(part: ImageSet, num_classes: int, slack: int = 0) -> None:
    counts = torch.bincount(part.labels, minlength=num_classes)
    assert len(counts) == num_classes and counts.max() - counts.min() <= slack
