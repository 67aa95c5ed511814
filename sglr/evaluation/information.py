"""Information in weights (paper, Figure 1b), after Wang et al. 2022 (PAC-Bayes information bottleneck)."""

import torch
from torch import Tensor, nn

from sglr.evaluation.gradient_norm import flat_gradient


def information_in_weights(
    network: nn.Module,
    first: nn.Module,
    x_adv: Tensor,
    y: Tensor,
    *,
    batch_size: int,
    num_train: int,
) -> float:
    """Return n/T sum_t (dtheta . g_t)^2 over T mini-batches; dtheta is the last weights minus the first.

    Factors that all networks share are dropped.

    The prior is the run's own first weights. Differs from Wang et al.: theirs is trained on held-out images, and their
    code squares the mean of dtheta . g_t; their derivation has the mean of squares, and so have we.
    """
    dtheta = torch.cat(
        [
            (p - q).detach().flatten()
            for p, q in zip(network.parameters(), first.parameters(), strict=True)
        ]
    )
    parts = zip(x_adv.split(batch_size), y.split(batch_size), strict=True)
    squares = [
        (dtheta @ flat_gradient(network, x, labels)).double().square()
        for x, labels in parts
    ]
    return num_train * torch.stack(squares).mean().item()
