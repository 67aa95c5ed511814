"""Data sets as tensors."""

from sglr.data.images import ImageSet, Splits
from sglr.data.noise import corrupt_labels
from sglr.files.extensions import find
from sglr.plan.scales import DataSpec


def load_splits(spec: DataSpec, *, label_noise: float, seed: int) -> Splits:
    """Return the data of `spec`; which images is fixed, `seed` decides the label noise of the training part alone.

    Raises UsageError where `spec` asks for more images than there are, or CIFAR is not where SGLR_DATA says.
    """
    parts, num_classes = find("datasets", spec.source)(
        [spec.num_train, spec.num_validation, spec.num_test]
    )
    train, validation, test = parts
    noisy, corrupted = corrupt_labels(train.labels, label_noise, num_classes, seed)
    given = ImageSet(train.images, noisy, train.levels)
    return Splits(given, validation, test, num_classes, train.labels, corrupted)
