"""Data sets as tensors."""

from sglr.data.cifar import cifar_parts
from sglr.data.digits import digit_parts, number_parts
from sglr.data.images import ImageSet, Splits
from sglr.data.noise import corrupt_labels
from sglr.plan.scales import DataSpec

_CLASSES = {"digits": 10, "numbers": 100, "cifar10": 10, "cifar100": 100}


def load_splits(spec: DataSpec, *, label_noise: float, seed: int) -> Splits:
    """Return the data of `spec`; which images is fixed, `seed` decides the label noise of the training part alone.

    Raises UsageError where `spec` asks for more images than there are, or CIFAR is not where SGLR_DATA says.
    """
    sizes = [spec.num_train, spec.num_validation, spec.num_test]
    if spec.source == "digits":
        train, validation, test = digit_parts(sizes)
    elif spec.source == "numbers":
        train, validation, test = number_parts(sizes)
    else:
        train, validation, test = cifar_parts(spec.source, sizes)
    classes = _CLASSES[spec.source]
    noisy, corrupted = corrupt_labels(train.labels, label_noise, classes, seed)
    given = ImageSet(train.images, noisy, train.levels)
    return Splits(given, validation, test, classes, train.labels, corrupted)
