"""TRADES."""

from typing import Literal

from torch import Tensor, nn

from sglr.methods.base import Loss, Objective, Setup
from sglr.methods.losses import cross_entropy, kl_divergence
from sglr.plan.methods import Trades, TradesSglr


class TradesObjective(Objective):
    """CE(f(x), y) + beta KL(f(x) || f(x')), x' raising the KL (Zhang et al. 2019)."""

    start: Literal["uniform", "gaussian"] = "gaussian"

    def __init__(self, settings: Trades | TradesSglr, setup: Setup):
        super().__init__(settings, setup)
        self.beta = settings.beta

    def loss(self, model: nn.Module, x: Tensor, y: Tensor, index: Tensor, epoch: int) -> Loss:
        """Return the natural and the robust term; the gradient flows through both distributions."""
        natural = self.adversary.logits(x).softmax(dim=1)
        x_adv = self.adversary.attack(x, lambda logits: kl_divergence(natural, logits), self.start)
        clean, adversarial = model(x), model(x_adv)
        self.see(index, clean.detach(), adversarial.detach(), epoch)
        robust = kl_divergence(clean.softmax(dim=1), adversarial)
        loss = cross_entropy(clean, self.targets(index)) + self.beta * robust
        return Loss(loss.mean(), adversarial.detach())

    def see(self, index: Tensor, clean: Tensor, adversarial: Tensor, epoch: int) -> None:
        """Look at both logits (N, K) before the labels are taken; plain TRADES has no use for them."""
