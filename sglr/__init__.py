"""Reruns 'Soften to Defend'. `sglr.load_model(path)` gives a network that `sglr export` wrote."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

try:
    __version__ = version("sglr")
except PackageNotFoundError:  # a checkout on the path, not installed
    __version__ = "unknown"


def load_model(path: str | Path) -> "nn.Module":
    """Return the network that `sglr export` wrote to `path`, in eval mode: images (N, C, H, W) in [0, 1] to logits.

    Raises UsageError for a file that is no such network. Torch is imported by the call, not by `import sglr`.
    """
    from sglr.export import weights

    return weights.load_model(path)
