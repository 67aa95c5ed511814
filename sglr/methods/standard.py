"""Standard training with hard, smoothed or refined labels (paper, Figures 4 and 5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sglr.methods.labels import smooth, soften
from sglr.methods.losses import cross_entropy
from sglr.methods.method import LARGEST_DECAY, Method, setting
from sglr.methods.objective import Loss, Objective
from sglr.methods.refinement import RefinedObjective

if TYPE_CHECKING:
    from torch import Tensor


class StandardTraining(Objective):
    """CE(f(x), y) on clean images."""

    def loss(self, x: Tensor, index: Tensor, epoch: int) -> Loss:
        """Return the cross-entropy of the labels on clean images."""
        logits = self.model(x)
        return Loss(cross_entropy(logits, self.targets(index)).mean(), logits.detach())


class SmoothedStandardTraining(StandardTraining):
    """The same with smoothed labels (paper, Eq. 5)."""

    def targets(self, index: Tensor) -> Tensor:
        """Return the smoothed labels (N, K)."""
        return smooth(super().targets(index), self.settings.r)


class RefinedStandardTraining(RefinedObjective):
    """The same with refined labels (paper, Eq. 8); only clean predictions exist, so Eq. 7's lambda is 1."""

    def loss(self, x: Tensor, index: Tensor, epoch: int) -> Loss:
        """Return the cross-entropy of the refined labels, as they are after this batch's predictions."""
        logits = self.model(x)
        if self.refining(epoch):
            self.refine_labels(index, soften(logits, self.settings.temperature))
        return Loss(cross_entropy(logits, self.targets(index)).mean(), logits.detach())


@dataclass(frozen=True)
class Standard(Method):
    """Standard training with hard labels."""

    name = "standard"
    label = "hard labels"
    adversarial = False
    objective = StandardTraining


@dataclass(frozen=True)
class StandardLs(Method):
    """Standard training with label smoothing."""

    name = "standard_ls"
    label = "soft labels"
    adversarial = False
    objective = SmoothedStandardTraining
    r: float = setting(0.2)


@dataclass(frozen=True)
class StandardSglr(Method):
    """Standard training with refined labels: only clean predictions are averaged, from 30 % of training."""

    name = "standard_sglr"
    label = "SGLR"
    adversarial = False
    objective = RefinedStandardTraining
    r: float = setting(1.0)
    temperature: float = setting(1.0, low=0.01, high=1000)
    start: float = setting(0.3)
    decay: float = setting(0.9, high=LARGEST_DECAY)
