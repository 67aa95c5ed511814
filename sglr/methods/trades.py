"""TRADES, and TRADES with refined labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sglr.files.lazy import torch
from sglr.methods.losses import cross_entropy, divergence_from, kl_divergence
from sglr.methods.method import LARGEST_DECAY, Method, setting
from sglr.methods.objective import Loss, Objective
from sglr.methods.refinement import RefinedObjective

if TYPE_CHECKING:
    from torch import Tensor


class TradesObjective(Objective):
    """CE(f(x), y) + beta KL(f(x) || f(x')), x' raising the KL (Zhang et al. 2019)."""

    start: Literal["uniform", "gaussian"] = "gaussian"

    def loss(self, x: Tensor, index: Tensor, epoch: int) -> Loss:
        """Return the natural and the robust term; the gradient flows through both distributions."""
        natural = self.adversary.logits(self.model, x).softmax(dim=1)
        x_adv = self.adversary.attack(
            self.model, x, divergence_from, natural, start=self.start
        )
        clean, adversarial = self.model(x), self.model(x_adv)
        self.third_pass(x, x_adv, epoch)
        self.before_labels(index, clean.detach(), adversarial.detach(), epoch)
        robust = kl_divergence(clean.softmax(dim=1), adversarial)
        loss = cross_entropy(clean, self.targets(index)) + self.settings.beta * robust
        return Loss(loss.mean(), adversarial.detach())

    def third_pass(self, x: Tensor, x_adv: Tensor, epoch: int) -> None:
        """Show the network x once more, as the official code: BatchNorm's running statistics see it last."""
        with torch.no_grad():
            self.model(x)

    def before_labels(
        self, index: Tensor, clean: Tensor, adversarial: Tensor, epoch: int
    ) -> None:
        """Called with both logits (N, K) before the labels are taken; plain TRADES keeps its labels."""


class RefinedTrades(RefinedObjective, TradesObjective):
    """TRADES whose natural term takes the averaged predictions as labels (the authors' code: r = 1, T = 1).

    With r = 1 the natural term holds f(x) to averaged predictions alone: at the small scales the labels drift away from
    the true ones (docs/deviations.md has what stops it, and what does not).
    """

    start: Literal["uniform", "gaussian"] = "uniform"
    r = 1.0

    def third_pass(self, x: Tensor, x_adv: Tensor, epoch: int) -> None:
        """Show the network x' once more while labels are refined, as the authors' code does."""
        if self.refining(epoch):
            with torch.no_grad():
                self.model(x_adv)

    def before_labels(
        self, index: Tensor, clean: Tensor, adversarial: Tensor, epoch: int
    ) -> None:
        """Fold both predictions into the labels (paper, Eq. 7)."""
        if self.refining(epoch):
            weight = self.settings.clean_weight
            probs = weight * clean.softmax(dim=1) + (1 - weight) * adversarial.softmax(
                dim=1
            )
            self.refine_labels(index, probs)


@dataclass(frozen=True)
class Trades(Method):
    """TRADES (Zhang et al. 2019)."""

    name = "trades"
    label = "TRADES"
    objective = TradesObjective
    beta: float = setting(6.0, high=1000)


@dataclass(frozen=True)
class TradesSglr(Method):
    """TRADES with refined labels in its natural term."""

    name = "trades_sglr"
    label = "TRADES+SGLR"
    objective = RefinedTrades
    beta: float = setting(6.0, high=1000)
    clean_weight: float = setting(0.2)
    start: float = setting(0.45)
    decay: float = setting(0.9, high=LARGEST_DECAY)
