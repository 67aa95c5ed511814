"""Training images in mini-batches, as a network sees them."""

from collections.abc import Iterator

import torch
from torch import Tensor

from sglr.data.augment import augment
from sglr.data.images import ImageSet


class Batches:
    """Mini-batches of `images` in random orders, augmented where asked; `generator` decides both."""

    def __init__(
        self,
        images: ImageSet,
        batch_size: int,
        generator: torch.Generator,
        *,
        augmented: bool,
        memory_format: torch.memory_format,
    ):
        self.images, self.batch_size, self.generator = images, batch_size, generator
        self.augmented, self.memory_format = augmented, memory_format

    def order(self) -> Tensor:
        """Return the places of all images (num_train,), shuffled afresh."""
        return torch.randperm(
            len(self.images), generator=self.generator, device=self.generator.device
        )

    def following(self, order: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield images x (N, C, H, W) and their places (N,) in this order.

        A last batch of one image is left out: BatchNorm needs two.
        """
        for index in order.split(self.batch_size):
            if len(index) > 1:
                x = self.images.pixels(index)
                if self.augmented:
                    x = augment(x, self.generator)
                yield x.contiguous(memory_format=self.memory_format), index

    def images_alone(self) -> Iterator[Tensor]:
        """Yield all images in a new order. It is drawn with the first batch: unused, it changes no later draw."""
        for x, _ in self.following(self.order()):
            yield x
