"""Projected gradient ascent."""

from collections.abc import Callable

import torch
from torch import Tensor

from sglr.attacks.threat import Ball

Network = Callable[[Tensor], Tensor]
LogitsLoss = Callable[
    ..., Tensor
]  # of logits (N, K) and what is given besides, to (N,)


def pgd(
    model: Network,
    x: Tensor,
    loss_fn: LogitsLoss,
    *,
    ball: Ball,
    step_size: float,
    num_steps: int,
    start: Tensor,
) -> Tensor:
    """Return the last iterate of projected gradient ascent on `loss_fn(model(.))` (Madry et al. 2018).

    Args:
        x: (N, C, H, W) in [0, 1].  start: the first iterate, inside the ball.
        loss_fn: logits (N, K) to one value an example (N,).
        step_size: in units of `x`, so 2/255 and not 2.
    Returns:
        (N, C, H, W), detached, inside the ball around `x` and inside [0, 1]. Parameter gradients stay as they were.
    """
    x_adv = start.detach()
    for _ in range(num_steps):
        x_adv = x_adv.requires_grad_(True)
        with torch.enable_grad():
            loss = loss_fn(
                model(x_adv)
            ).sum()  # a sum keeps each image's gradient free of N
        (gradient,) = torch.autograd.grad(loss, x_adv)
        x_adv = ball.project(x_adv.detach() + step_size * ball.steepest(gradient), x)
    return x_adv.detach()
