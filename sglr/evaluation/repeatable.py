"""Gradient norm and information in weights (paper, Figure 1) as measurements: what other images would give, too.

Both are taken with BatchNorm statistics estimated on the measured images. A network's own lag behind its weights while
the learning rate is high, and a gradient in eval mode then swings with them.
"""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn

from sglr.evaluation.gradient_norm import flat_gradient
from sglr.methods.kd_swa import estimate_batchnorm
from sglr.methods.losses import cross_entropy

PARTS = 8  # equal parts of the images, one of which is left out at a time


def settled(network: nn.Module, x: Tensor, batch_size: int) -> nn.Module:
    """Return a copy in eval mode whose BatchNorm statistics are those of images x (N, C, H, W)."""
    copied = copy.deepcopy(network)
    estimate_batchnorm(copied, x.split(batch_size))
    return copied


def jackknife(
    parts: Tensor, function: Callable[[Tensor], Tensor]
) -> tuple[float, float]:
    """Return `function` of the mean of `parts` (S, ...) and its standard error, leaving out each part in turn.

    Efron and Stein 1981.
    """
    count, total = len(parts), parts.sum(0)
    left = torch.stack([function((total - part) / (count - 1)) for part in parts])
    variance = (count - 1) / count * (left - left.mean()).square().sum()
    return function(total / count).item(), variance.sqrt().item()


def gradient_norm(
    network: nn.Module, x_adv: Tensor, y: Tensor, batch_size: int
) -> tuple[float, float]:
    """Return the l2 norm of the mean loss' gradient over all adversarial images, and its standard error.

    x_adv is (N, C, H, W), y (N,). Images beyond the last whole part are left out.
    """
    size = len(y) // PARTS
    images, labels = x_adv[: size * PARTS].split(size), y[: size * PARTS].split(size)
    parts = torch.stack(
        [
            _mean_gradient(network, x, classes, batch_size)
            for x, classes in zip(images, labels, strict=True)
        ]
    )
    return jackknife(parts, lambda gradient: gradient.norm())


def _mean_gradient(network: nn.Module, x: Tensor, y: Tensor, batch_size: int) -> Tensor:
    pairs = zip(x.split(batch_size), y.split(batch_size), strict=True)
    sums = [flat_gradient(network, *pair).double() * len(pair[1]) for pair in pairs]
    return torch.stack(sums).sum(0) / len(y)


def information(
    network: nn.Module,
    first: nn.Module,
    x_adv: Tensor,
    y: Tensor,
    *,
    batch_size: int,
    num_train: int,
) -> tuple[float, float]:
    """Return n/N sum_i (dtheta . g_i)^2 over the N single images, and its standard error.

    dtheta is the last weights minus the first, g_i the gradient of image i's loss. Differs from Wang et al. 2022, who
    take gradients of mini-batches: their value depends on the mini-batch's size, this one on nothing that is chosen.
    """
    pairs = zip(network.parameters(), first.parameters(), strict=True)
    dtheta = [(p - q).detach() for p, q in pairs]
    batches = zip(x_adv.split(batch_size), y.split(batch_size), strict=True)
    slopes = torch.cat([_slopes(network, dtheta, *batch) for batch in batches])
    squares = num_train * slopes.double().square()
    return squares.mean().item(), (squares.std() / len(squares) ** 0.5).item()


def _slopes(network: nn.Module, dtheta: list[Tensor], x: Tensor, y: Tensor) -> Tensor:
    """Each image's dtheta . g_i, (N,): sum_i w_i g_i is linear in the weights w, and its derivative is asked for."""
    with torch.enable_grad():
        losses = cross_entropy(network(x), y)
        weights = torch.zeros_like(losses, requires_grad=True)
        parameters = list(network.parameters())
        gradients = torch.autograd.grad(losses, parameters, weights, create_graph=True)
        products = [(g * d).sum() for g, d in zip(gradients, dtheta, strict=True)]
        return torch.autograd.grad(torch.stack(products).sum(), weights)[0].detach()
