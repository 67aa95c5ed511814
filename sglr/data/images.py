"""Images with their labels."""

from dataclasses import dataclass

from torch import Tensor


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
        return (self.images if index is None else self.images[index]).float() / self.levels

    def first(self, count: int) -> "ImageSet":
        """Return the first `count` images (all, where there are fewer)."""
        return ImageSet(self.images[:count], self.labels[:count], self.levels)


@dataclass(frozen=True)
class Splits:
    """Disjoint training, held-out and test images. `train.labels` are the given labels, `true_labels` the true."""

    train: ImageSet
    validation: ImageSet
    test: ImageSet
    num_classes: int
    true_labels: Tensor
    corrupted: Tensor
