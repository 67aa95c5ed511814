"""PGD adversarial training, with hard or smoothed labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sglr.methods.labels import smooth
from sglr.methods.losses import cross_entropy
from sglr.methods.method import Method, setting
from sglr.methods.objective import Loss, Objective

if TYPE_CHECKING:
    from torch import Tensor


class AdversarialTraining(Objective):
    """CE(f(x'), y), x' the attack on the hard label (Madry et al. 2018)."""

    def loss(self, x: Tensor, index: Tensor, epoch: int) -> Loss:
        """Return the cross-entropy of the labels on adversarial images."""
        logits = self.model(self.attack(x, index))
        return Loss(cross_entropy(logits, self.targets(index)).mean(), logits.detach())


class SmoothedAdversarialTraining(AdversarialTraining):
    """The same with smoothed labels (paper, Eq. 5); the attack keeps the hard ones."""

    def targets(self, index: Tensor) -> Tensor:
        """Return the smoothed labels (N, K)."""
        return smooth(super().targets(index), self.settings.r)


@dataclass(frozen=True)
class At(Method):
    """PGD adversarial training (Madry et al. 2018)."""

    name = "at"
    label = "PGD-AT"
    objective = AdversarialTraining


@dataclass(frozen=True)
class Ls(Method):
    """PGD-AT with label smoothing (paper, Eq. 5)."""

    name = "ls"
    label = "PGD-AT+LS"
    objective = SmoothedAdversarialTraining
    r: float = setting(0.2)
