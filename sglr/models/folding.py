"""BatchNorm folded into the convolutions: the eval-mode network with fewer operations, exact in exact arithmetic."""

import copy

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
                setattr(parent, name, _convolution_like(child.conv))
    refold(copied, model)
    dtype = torch.bfloat16 if precision == "bf16" else next(model.parameters()).dtype
    return copied.to(dtype).to(
        memory_format=torch.channels_last if channels_last else torch.contiguous_format
    )


@torch.no_grad()
def refold(folded: nn.Module, model: nn.Module) -> None:
    """Copy the current weights and statistics of `model` into its copy, in place."""
    targets = dict(folded.named_modules())
    inside: tuple[str, ...] = ()
    for name, module in model.named_modules():
        if isinstance(module, ConvBN) and isinstance(targets[name], nn.Conv2d):
            weight, bias = _folded(module)
            targets[name].weight.copy_(weight)
            targets[name].bias.copy_(bias)
            inside += (f"{name}.",)
        elif not name.startswith(inside) or not inside:
            _copy_own(targets[name], module)


def _copy_own(target: nn.Module, module: nn.Module) -> None:
    for kind in ("parameters", "buffers"):
        for to, source in zip(
            getattr(target, kind)(recurse=False),
            getattr(module, kind)(recurse=False),
            strict=True,
        ):
            to.copy_(source)


def _convolution_like(conv: nn.Conv2d) -> nn.Conv2d:
    like = nn.utils.skip_init(
        nn.Conv2d,
        conv.in_channels,
        conv.out_channels,
        conv.kernel_size,
        conv.stride,
        conv.padding,
    )
    return like.to(conv.weight).requires_grad_(False)


def _folded(pair: ConvBN) -> tuple[Tensor, Tensor]:
    """Weight and bias of the convolution that equals eval-mode BatchNorm after the pair's convolution.

    `torch.nn.utils.fusion` multiplies by rsqrt, so its last bits differ; recorded trainings hold to these.
    """
    bn = pair.bn
    assert bn.running_var is not None and bn.running_mean is not None
    scale = bn.weight / torch.sqrt(bn.running_var + bn.eps)
    return pair.conv.weight * scale[
        :, None, None, None
    ], bn.bias - bn.running_mean * scale
