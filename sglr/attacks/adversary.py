"""The attack on the network in training."""

from typing import Literal

import torch
from torch import Tensor, nn

from sglr.attacks.pgd import LogitsLoss, pgd
from sglr.attacks.threat import LinfBall
from sglr.engine.graphs import Graphed
from sglr.models.folding import fold_batchnorm, refold
from sglr.plan.scales import PLAIN, Engine


class Adversary:
    """PGD against the current weights, through an eval-mode copy, folded and in bf16 where the engine says so.

    The model's mode, buffers, gradients and the global random generator stay as they were.
    """

    def __init__(
        self,
        model: nn.Module,
        ball: LinfBall,
        step_size: float,
        num_steps: int,
        generator: torch.Generator,
        engine: Engine = PLAIN,
    ):
        self.model, self.ball, self.generator = model, ball, generator
        self.step_size, self.num_steps = step_size, num_steps
        self.copy = fold_batchnorm(
            model, fold=engine.fold, precision=engine.precision, channels_last=engine.channels_last
        )
        self.attacked = Graphed(self.copy) if engine.graphs else self.copy

    def attack(self, x: Tensor, loss_fn: LogitsLoss, start: Literal["uniform", "gaussian"] = "uniform") -> Tensor:
        """Return adversarial images (N, C, H, W) that raise `loss_fn(logits)`; `gaussian` is TRADES' tiny start."""
        refold(self.copy, self.model)
        first = self.ball.random_start(x, self.generator) if start == "uniform" else self._near(x)
        return pgd(
            self.attacked,
            x,
            loss_fn,
            ball=self.ball,
            step_size=self.step_size,
            num_steps=self.num_steps,
            start=first,
        )

    def _near(self, x: Tensor) -> Tensor:
        noise = torch.randn(x.shape, generator=self.generator, dtype=x.dtype, device=self.generator.device).to(x.device)
        return self.ball.project(x + 0.001 * noise, x)

    @torch.no_grad()
    def logits(self, x: Tensor) -> Tensor:
        """Return the current network's eval-mode logits (N, K), without a gradient."""
        refold(self.copy, self.model)
        return self.copy(x)
