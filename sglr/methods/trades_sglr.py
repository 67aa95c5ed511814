"""TRADES with refined labels."""

from typing import Literal

from torch import Tensor

from sglr.methods.base import Setup
from sglr.methods.refinement import RefinedLabels, RefinedObjective
from sglr.methods.trades import TradesObjective
from sglr.plan.methods import TradesSglr


class RefinedTrades(RefinedObjective, TradesObjective):
    """TRADES whose natural term takes the averaged predictions as labels (the authors' code: r = 1, T = 1).

    With r = 1 the natural term holds f(x) to averaged predictions alone: at the small scales the labels drift away from
    the true ones (docs/deviations.md has what stops it, and what does not).
    Differs from the paper: their code passes x' through the network twice; we use the one pass for label and loss.
    """

    start: Literal["uniform", "gaussian"] = "uniform"

    def __init__(self, settings: TradesSglr, setup: Setup):
        super().__init__(settings, setup)
        self.clean_weight = settings.clean_weight
        self.refined = RefinedLabels(setup, r=1, start=settings.start, decay=settings.decay)

    def see(self, index: Tensor, clean: Tensor, adversarial: Tensor, epoch: int) -> None:
        """Fold both predictions into the labels (paper, Eq. 7)."""
        if self.refined.active(epoch):
            weight = self.clean_weight
            probs = weight * clean.softmax(dim=1) + (1 - weight) * adversarial.softmax(dim=1)
            self.refined.update(index, probs)
