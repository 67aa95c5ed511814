"""Self-guided label refinement, the paper's method. With r = 1 and T = 1 it is the authors' released code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sglr.files.lazy import torch
from sglr.methods.labels import soften
from sglr.methods.losses import cross_entropy
from sglr.methods.method import LARGEST_DECAY, Method, setting
from sglr.methods.objective import Loss
from sglr.methods.refinement import RefinedObjective

if TYPE_CHECKING:
    from torch import Tensor


class SelfGuidedLabelRefinement(RefinedObjective):
    """CE(f(x'), r p~ + (1 - r) q) (paper, Eqs. 7 and 8); the attack keeps the hard label q."""

    def loss(self, x: Tensor, index: Tensor, epoch: int) -> Loss:
        """Return the cross-entropy of the refined labels, as they are after this batch's predictions."""
        logits = self.model(self.attack(x, index))
        if self.refining(epoch):
            self.refine_labels(index, self._prediction(x, logits))
        return Loss(cross_entropy(logits, self.targets(index)).mean(), logits.detach())

    def _prediction(self, x: Tensor, adversarial_logits: Tensor) -> Tensor:
        """lambda f(x) + (1 - lambda) f(x') (Eq. 7). In train mode after the adversarial batch, as the released
        code: BatchNorm's statistics see the clean images last."""
        weight, temperature = self.settings.clean_weight, self.settings.temperature
        with torch.no_grad():
            clean = soften(self.model(x), temperature)
            adversarial = soften(adversarial_logits, temperature)
            return weight * clean + (1 - weight) * adversarial


@dataclass(frozen=True)
class Sglr(Method):
    """Self-guided label refinement (paper, Eq. 8)."""

    name = "sglr"
    label = "PGD-AT+SGLR"
    objective = SelfGuidedLabelRefinement
    r: float = setting(0.2)
    temperature: float = setting(1.5, low=0.01, high=1000)
    clean_weight: float = setting(0.2)
    start: float = setting(0.45)
    decay: float = setting(0.9, high=LARGEST_DECAY)


@dataclass(frozen=True)
class SglrReleased(Sglr):
    """SGLR as in the authors' released code: the label is the average alone."""

    name = "sglr_released"
    label = "PGD-AT+SGLR (released code)"
    r: float = setting(1.0)
    temperature: float = setting(1.0, low=0.01, high=1000)
