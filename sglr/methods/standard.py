"""Standard training with hard, smoothed or refined labels (paper, Figures 4 and 5)."""

from torch import Tensor, nn

from sglr.methods.base import Loss, Objective, Setup
from sglr.methods.labels import smooth, soften
from sglr.methods.losses import cross_entropy
from sglr.methods.refinement import RefinedLabels, RefinedObjective
from sglr.plan.methods import StandardLs, StandardSglr


class StandardTraining(Objective):
    """CE(f(x), y) on clean images."""

    def loss(self, model: nn.Module, x: Tensor, y: Tensor, index: Tensor, epoch: int) -> Loss:
        """Return the cross-entropy of the labels on clean images."""
        logits = model(x)
        return Loss(cross_entropy(logits, self.targets(index)).mean(), logits.detach())


class SmoothedStandardTraining(StandardTraining):
    """The same with smoothed labels (paper, Eq. 5)."""

    def __init__(self, settings: StandardLs, setup: Setup):
        super().__init__(settings, setup)
        self.r = settings.r

    def targets(self, index: Tensor) -> Tensor:
        """Return the smoothed labels (N, K)."""
        return smooth(super().targets(index), self.r)


class RefinedStandardTraining(RefinedObjective):
    """The same with refined labels (paper, Eq. 8); only clean predictions exist, so Eq. 7's lambda is 1."""

    def __init__(self, settings: StandardSglr, setup: Setup):
        super().__init__(settings, setup)
        self.temperature = settings.temperature
        self.refined = RefinedLabels(setup, r=settings.r, start=settings.start, decay=settings.decay)

    def loss(self, model: nn.Module, x: Tensor, y: Tensor, index: Tensor, epoch: int) -> Loss:
        """Return the cross-entropy of the refined labels, as they are after this batch's predictions."""
        logits = model(x)
        if self.refined.active(epoch):
            self.refined.update(index, soften(logits, self.temperature))
        return Loss(cross_entropy(logits, self.targets(index)).mean(), logits.detach())
