"""BatchNorm folded into the convolutions: the eval-mode network with fewer operations, exact in exact arithmetic."""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from sglr.models.blocks import Classifier, ConvBN


def fold_batchnorm(
    model: nn.Module,
    *,
    fold: bool = True,
    precision: str = "fp32",
    channels_last: bool = True,
) -> nn.Module:
    """Return a separate eval-mode copy in which each ConvBN is one convolution with bias; nothing requires grad.

    Without `fold` it is a plain copy. Its weights are in `precision` (fp32 or bf16) and in `channels_last` memory or
    not, its logits in fp32.
    """
    copied = copy.deepcopy(model).eval().requires_grad_(False)
    if isinstance(copied, Classifier):
        copied.autocast = False
    for parent in list(copied.modules()) if fold else []:
        for name, child in list(parent.named_children()):
            if isinstance(child, ConvBN):
                setattr(parent, name, _with_bias(child.conv))
    refold(copied, model)
    dtype = torch.bfloat16 if precision == "bf16" else next(model.parameters()).dtype
    return copied.to(dtype).to(
        memory_format=torch.channels_last if channels_last else torch.contiguous_format
    )


@torch.no_grad()
def refold(folded: nn.Module, model: nn.Module) -> None:
    """Copy the current weights and statistics of `model` into its copy, in place."""
    targets = dict(folded.named_modules())
    pairs: list[ConvBN] = []
    convolutions: list[nn.Conv2d] = []
    own: list[tuple[Tensor, Tensor]] = []
    for name, module in model.named_modules():
        target = targets.get(name)
        if isinstance(module, ConvBN) and isinstance(target, nn.Conv2d):
            pairs.append(module)
            convolutions.append(target)
        elif target is not None:
            own += zip(_tensors(target), _tensors(module), strict=True)
    _fold_into(convolutions, pairs)
    if own:
        torch._foreach_copy_([to for to, _ in own], [source for _, source in own])


def _tensors(module: nn.Module) -> list[Tensor]:
    """Parameters and buffers of a module itself."""
    return [*module.parameters(recurse=False), *module.buffers(recurse=False)]


def _fold_into(convolutions: list[Any], pairs: list[ConvBN]) -> None:
    """Give each convolution the weight and bias that equal eval-mode BatchNorm after its pair's convolution.

    All at once: on a GPU a launch costs more than these sums. `torch.nn.utils.fusion` multiplies by rsqrt, so its last
    bits differ; recorded trainings hold to these.
    """
    if not pairs:
        return
    norms: list[Any] = [pair.bn for pair in pairs]
    spread = torch._foreach_add([bn.running_var for bn in norms], norms[0].eps)
    torch._foreach_sqrt_(spread)
    scales = torch._foreach_div([bn.weight for bn in norms], spread)
    shifts = torch._foreach_mul([bn.running_mean for bn in norms], scales)
    biases = torch._foreach_sub([bn.bias for bn in norms], shifts)
    torch._foreach_copy_([conv.bias for conv in convolutions], biases)
    for conv, pair, scale in zip(convolutions, pairs, scales, strict=True):
        torch.mul(pair.conv.weight, scale[:, None, None, None], out=conv.weight)


def _with_bias(conv: nn.Conv2d) -> nn.Conv2d:
    """The convolution, with a bias to be filled."""
    conv.bias = nn.Parameter(conv.weight.new_empty(conv.out_channels), False)
    return conv
