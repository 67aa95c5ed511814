"""A stranger's network as the bench takes it: a copy of its own, in eval mode, that answers in fp32."""

import copy

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

from sglr.files.errors import UsageError
from sglr.models.blocks import Classifier, ConvBN


class Plain(nn.Module):
    """A network that may change its images in place and answer in any precision, as one that does neither."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """Return fp32 logits (N, K) of images (N, C, H, W) in [0, 1]; what are no logits, as they are."""
        found = self.network(x.clone())
        return found.float() if isinstance(found, Tensor) else found


def own_copy(model: nn.Module) -> nn.Module:
    """Return a copy in eval mode whose floating-point parameters require grad; `model` stays as it is.

    Raises UsageError for what is no module, has no values yet, or cannot be copied.
    """
    if not isinstance(model, nn.Module):
        raise UsageError(f"a network is an nn.Module, got a {type(model).__name__}")
    for name, value in [*model.named_parameters(), *model.named_buffers()]:
        lazy = isinstance(value, UninitializedParameter | UninitializedBuffer)
        if lazy or value.is_meta:
            raise UsageError(f"{name} has no values yet: load the network's weights")
    try:
        copied = copy.deepcopy(model)
        copied.eval()  # on a line of its own: an overridden train() may return nothing
    except Exception as error:  # whatever a stranger's module raises
        raise UsageError(
            f"the network cannot be copied and put in eval mode, {in_short(error)}; give it freshly made"
        ) from None
    for parameter in copied.parameters():
        if parameter.is_floating_point():
            parameter.requires_grad_(True)
    return copied


def is_ours(network: nn.Module) -> bool:
    """Whether blocks of this package are in it, which `fold_batchnorm` makes faster."""
    return any(isinstance(each, ConvBN | Classifier) for each in network.modules())


def device_of(network: nn.Module) -> torch.device:
    """Where its parameters are, or its buffers; the CPU where it has none."""
    values = [*network.parameters(), *network.buffers()]
    return values[0].device if values else torch.device("cpu")


def in_short(error: BaseException) -> str:
    """A stranger's error in a line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
