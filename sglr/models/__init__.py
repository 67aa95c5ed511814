"""The networks, by name."""

import torch

from sglr.files.errors import UsageError
from sglr.files.extensions import find, names_of
from sglr.files.settings import unknown
from sglr.models.blocks import Classifier


def build(
    architecture: str,
    num_classes: int,
    in_channels: int,
    width: int,
    generator_seed: int,
    stem_stride: int = 1,
) -> Classifier:
    """Return the network; `generator_seed` alone decides its weights. The global generators stay as they were.

    Raises UsageError for an unknown architecture.
    """
    names = names_of("architectures")
    if architecture not in names:
        raise UsageError(unknown(architecture, names, "architecture"))
    with torch.random.fork_rng(devices=[]):
        # The CPU's alone: torch.manual_seed would seed every GPU's generator too.
        torch.default_generator.manual_seed(generator_seed)
        return find("architectures", architecture)(
            num_classes, in_channels, width, stem_stride
        )
