"""How a network's kernels, and the images that it trains on, lie in memory."""

import torch
from torch import nn


def memory_format(network: nn.Module, channels_last: bool) -> torch.memory_format:
    """Return the layout to train in; without `channels_last`, and where that is not safe, the plain one."""
    last = channels_last and not any(map(_overruns, network.modules()))
    return torch.channels_last if last else torch.contiguous_format


def _overruns(module: nn.Module) -> bool:
    """Whether the gradient of its weights would be written past its end in `channels_last`.

    oneDNN 3.12 (PyTorch 2.14) does so on processors with AVX2 and no AVX-512 at a strided 1 x 1 convolution of fewer
    than 8 channels; the process then crashes, or computes with what it overwrote. One layout for all processors.
    """
    return (
        isinstance(module, nn.Conv2d)
        and module.kernel_size == (1, 1)
        and max(module.stride) > 1
        and module.in_channels < 8
    )
