"""The attack on the network in training."""

from typing import Literal

import torch
from torch import Tensor, nn

from sglr.attacks.attack import Attack
from sglr.attacks.images import attack_images
from sglr.attacks.pgd import LogitsLoss
from sglr.attacks.threat import Ball
from sglr.data.images import ImageSet
from sglr.engine import parallel
from sglr.models.folding import fold_batchnorm, refold
from sglr.plan.scales import PLAIN, Engine


class Adversary:
    """PGD against a network's current weights, through an eval-mode copy, folded and in bf16 where the engine says so.

    The network's mode, buffers, gradients and the global random generator stay as they were. `batch_size` is how many
    images come at a time, for the engine's graph; an epoch's smaller last batch does without.
    """

    def __init__(
        self,
        model: nn.Module,
        ball: Ball,
        step_size: float,
        num_steps: int,
        generator: torch.Generator,
        engine: Engine = PLAIN,
        batch_size: int = 0,
    ):
        self.ball, self.generator = ball, generator
        self.step_size, self.num_steps = step_size, num_steps
        self.copy = fold_batchnorm(
            model,
            fold=engine.fold,
            precision=engine.precision,
            channels_last=engine.channels_last,
        )
        graphed = parallel.own_size(batch_size) if engine.graphs else 0
        self.steps = Attack(self.copy, ball, step_size, num_steps, graphed)

    def attack(
        self,
        model: nn.Module,
        x: Tensor,
        loss_fn: LogitsLoss,
        *given: Tensor,
        start: Literal["uniform", "gaussian"] = "uniform",
    ) -> Tensor:
        """Return images (N, C, H, W) that raise `loss_fn(logits, *given)` of `model`, or of what has its shape.

        The start is random in the ball, or `gaussian`: TRADES' tiny one.
        """
        refold(self.copy, parallel.unshared(model))
        first = (
            self.ball.random_start(x, self.generator)
            if start == "uniform"
            else self._gaussian_start(x)
        )
        rows, start_rows, *others = map(_own_rows, (x, first, *given))
        found = self.steps(rows, start_rows, loss_fn, *others)
        return parallel.all_rows(found, len(x))

    def _gaussian_start(self, x: Tensor) -> Tensor:
        noise = torch.randn(
            x.shape,
            generator=self.generator,
            dtype=x.dtype,
            device=self.generator.device,
        ).to(x.device)
        return self.ball.project(x + 0.001 * noise, x)

    def attack_images(
        self, network: nn.Module, images: ImageSet, batch_size: int
    ) -> Tensor:
        """Return PGD images (N, C, H, W) of the same strength against another network, from a fixed start."""
        attack = Attack(network, self.ball, self.step_size, self.num_steps)
        return attack_images(attack, images, batch_size)

    @torch.no_grad()
    def logits(self, model: nn.Module, x: Tensor) -> Tensor:
        """Return the eval-mode logits (N, K) of `model`'s current weights, without a gradient."""
        refold(self.copy, parallel.unshared(model))
        return parallel.all_rows(self.copy(parallel.own_rows(x)), len(x))


def _own_rows(given: Tensor) -> Tensor:
    """This process's rows, where there is one for each image."""
    return parallel.own_rows(given) if given.dim() else given
