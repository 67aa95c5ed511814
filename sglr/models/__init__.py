"""The networks, by name."""

import torch

from sglr.files.errors import UsageError
from sglr.models.blocks import Classifier
from sglr.models.preact_resnet import preact_resnet
from sglr.models.resnet import resnet18, small_resnet

_ARCHITECTURES = {"small_resnet": small_resnet, "resnet18": resnet18, "preact_resnet18": preact_resnet}


def build(
    architecture: str, num_classes: int, in_channels: int, width: int, generator_seed: int, stem_stride: int = 1
) -> Classifier:
    """Return the network; `generator_seed` alone decides its weights. The global generator stays as it was.

    Raises UsageError for an unknown architecture.
    """
    if architecture not in _ARCHITECTURES:
        raise UsageError(f"unknown architecture {architecture!r}; allowed: {', '.join(_ARCHITECTURES)}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator_seed)
        return _ARCHITECTURES[architecture](num_classes, in_channels, width, stem_stride)
