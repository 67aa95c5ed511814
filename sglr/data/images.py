"""Images with their labels."""

from dataclasses import dataclass

import torch
from torch import Tensor

from sglr.files.records import digest


@dataclass(frozen=True)
class ImageSet:
    """`images` uint8 (N, C, H, W) in which `levels` is white, and `labels` int64 (N,)."""

    images: Tensor
    labels: Tensor
    levels: int

    def __len__(self) -> int:
        return len(self.labels)

    def pixels(self, index: Tensor | None = None) -> Tensor:
        """Return float32 pixels in [0, 1] of all images, or of those at `index`."""
        return (
            self.images if index is None else self.images[index]
        ).float() / self.levels

    def digest(self) -> str:
        """The sha256 of images and labels: which images a run saw."""
        return digest(
            self.images.numpy(force=True).tobytes()
            + self.labels.numpy(force=True).tobytes()
        )

    def first(self, count: int) -> "ImageSet":
        """Return the first `count` images (all, where there are fewer)."""
        return ImageSet(self.images[:count], self.labels[:count], self.levels)

    def at(self, index: Tensor) -> "ImageSet":
        """Return the images at `index` (n,), in that order."""
        return ImageSet(self.images[index], self.labels[index], self.levels)

    def to(self, device: torch.device | str) -> "ImageSet":
        """Return the same images and labels on `device`."""
        return ImageSet(self.images.to(device), self.labels.to(device), self.levels)


@dataclass(frozen=True)
class Splits:
    """Disjoint training, held-out and test images. `train.labels` are the given labels, `true_labels` the true."""

    train: ImageSet
    validation: ImageSet
    test: ImageSet
    num_classes: int
    true_labels: Tensor
    corrupted: Tensor

    def to(self, device: torch.device) -> "Splits":
        """Return the same data on `device`."""
        return Splits(
            self.train.to(device),
            self.validation.to(device),
            self.test.to(device),
            self.num_classes,
            self.true_labels.to(device),
            self.corrupted.to(device),
        )


def balanced_order(labels: Tensor, generator: torch.Generator) -> Tensor:
    """Return a random order (N,) of the examples, the first n of which hold the classes in equal numbers, to one.

    The classes take turns, each turn in a random order of its own; a class that has run out misses the later
    turns (the digits' classes have 174 to 183 images), so only there the balance ends.
    """
    shuffled = torch.randperm(len(labels), generator=generator)
    turn = torch.empty_like(labels)
    for label in labels.unique():
        members = shuffled[labels[shuffled] == label]
        turn[members] = torch.arange(len(members))
    return shuffled[turn[shuffled].argsort(stable=True)]
