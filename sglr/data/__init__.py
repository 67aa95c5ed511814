"""Data sets as tensors."""

from sglr.data.images import ImageSet, Splits
from sglr.data.noise import corrupt_labels
from sglr.files.errors import UsageError
from sglr.files.extensions import find
from sglr.plan.scales import DataSpec


def load_splits(spec: DataSpec, *, label_noise: float, seed: int) -> Splits:
    """Return the data of `spec`; which images is fixed, `seed` decides the label noise of the training part alone.

    Raises UsageError where `spec` asks for more images than there are, or for so few that a class has none, or CIFAR is
    not where SGLR_DATA says.
    """
    parts, num_classes = find("datasets", spec.source)(
        [spec.num_train, spec.num_validation, spec.num_test]
    )
    train, validation, test = parts
    for name, part in zip(("train", "validation", "test"), parts, strict=True):
        _check_classes(part, num_classes, f"{spec.name}: num_{name} is {len(part)}")
    noisy, corrupted = corrupt_labels(train.labels, label_noise, num_classes, seed)
    given = ImageSet(train.images, noisy, train.levels)
    return Splits(given, validation, test, num_classes, train.labels, corrupted)


def _check_classes(part: ImageSet, num_classes: int, what: str) -> None:
    """Raise UsageError where a class has no image: labels, measures and figures are of all classes."""
    counts = part.labels.bincount(minlength=num_classes)
    if not counts.all():
        missing = int((counts == 0).nonzero()[0, 0])
        raise UsageError(
            f"{what}, and no image among them is of class {missing} of {num_classes}"
        )
