"""Self-guided label refinement, the paper's method. With r = 1 and T = 1 it is the authors' released code."""

import torch
from torch import Tensor, nn

from sglr.methods.base import Loss, Setup
from sglr.methods.labels import soften
from sglr.methods.losses import cross_entropy
from sglr.methods.refinement import RefinedLabels, RefinedObjective
from sglr.plan.methods import Sglr


class SelfGuidedLabelRefinement(RefinedObjective):
    """CE(f(x'), r p~ + (1 - r) q) (paper, Eqs. 7 and 8); the attack keeps the hard label q."""

    def __init__(self, settings: Sglr, setup: Setup):
        super().__init__(settings, setup)
        self.temperature, self.clean_weight = settings.temperature, settings.clean_weight
        self.refined = RefinedLabels(setup, r=settings.r, start=settings.start, decay=settings.decay)

    def loss(self, model: nn.Module, x: Tensor, y: Tensor, index: Tensor, epoch: int) -> Loss:
        """Return the cross-entropy of the refined labels, as they are after this batch's predictions."""
        logits = model(self.attack(x, y))
        if self.refined.active(epoch):
            self.refined.update(index, self._prediction(model, x, logits))
        return Loss(cross_entropy(logits, self.targets(index)).mean(), logits.detach())

    @torch.no_grad()
    def _prediction(self, model: nn.Module, x: Tensor, adversarial_logits: Tensor) -> Tensor:
        """lambda f(x) + (1 - lambda) f(x') (Eq. 7). In train mode after the adversarial batch, as the released
        code: BatchNorm's statistics see the clean images last."""
        clean = soften(model(x), self.temperature)
        adversarial = soften(adversarial_logits, self.temperature)
        return self.clean_weight * clean + (1 - self.clean_weight) * adversarial
