"""Reruns 'Soften to Defend'. `sglr.load_model(name)` gives one of its networks, `sglr.judge(model)` judges any."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

    from sglr.evaluation.judge import Judgement


def __getattr__(name: str) -> str:
    """`__version__`, at its first use: no command's start waits for what reads it."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from sglr.files.origin import version_of

    return version_of("sglr") or "unknown"  # a checkout on the path, not installed


def load_model(name: str | Path) -> "nn.Module":
    """Return a network in eval mode: images (N, C, H, W) in [0, 1] to logits (N, K).

    `name` is a file that `sglr export` wrote, or one of `sglr models`, such as mini/cifar10-sglr_released-s0. Raises
    UsageError for what is no such network. Torch is imported by the call, not by `import sglr`.
    """
    from sglr.export import weights

    return weights.load_model(name)


def judge(model: "nn.Module", data: str = "cifar10", **options: Any) -> "Judgement":
    """Return what the bench measures of any network: images (N, C, H, W) in [0, 1] to logits (N, K).

    Args:
        data: a data set of the scale.
        options: `scale` ("mini"), `normalise` (mean and std by channel), `autoattack` (True), `name`, `folder`; see
            sglr/evaluation/judge.py.
    Raises:
        UsageError: for a network on which these numbers would mean nothing, in one line.
    """
    from sglr.evaluation.judge import judge as judged

    return judged(model, data, **options)
