"""Stochastic gradient descent with momentum and weight decay, by PyTorch's own function for it."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.sgd import sgd


class SGD:
    """What `torch.optim.SGD` with `fused=True` computes, bit for bit.

    That class imports PyTorch's compiler before its first step, which takes as long as starting PyTorch itself.
    """

    def __init__(
        self,
        weights: Iterable[nn.Parameter],
        *,
        learning_rate: float,
        momentum: float,
        weight_decay: float,
    ):
        self.weights, self.learning_rate = list(weights), learning_rate
        self.momentum, self.weight_decay = momentum, weight_decay
        self.velocities: list[Tensor | None] = [None] * len(self.weights)

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for weight in self.weights:
            weight.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Change the weights that have a gradient, and what they carry on from step to step."""
        moved = [
            (n, weight, weight.grad)
            for n, weight in enumerate(self.weights)
            if weight.grad is not None
        ]
        velocities = [self.velocities[n] for n, *_ in moved]
        sgd(
            [weight for _, weight, _ in moved],
            [gradient for *_, gradient in moved],
            velocities,
            fused=True,
            lr=self.learning_rate,
            momentum=self.momentum,
            weight_decay=self.weight_decay,
            dampening=0,
            nesterov=False,
            maximize=False,
        )
        for (n, *_), velocity in zip(moved, velocities, strict=True):
            self.velocities[n] = velocity

    def state_dict(self) -> dict[str, Any]:
        """What a resumed training needs."""
        return {"velocities": list(self.velocities)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take `state_dict`'s content back, to where the weights are."""
        self.velocities = [
            velocity if velocity is None else velocity.to(weight.device)
            for weight, velocity in zip(self.weights, state["velocities"], strict=True)
        ]
