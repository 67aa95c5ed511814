"""PGD adversarial training, with hard or smoothed labels."""

from torch import Tensor, nn

from sglr.methods.base import Loss, Objective, Setup
from sglr.methods.labels import smooth
from sglr.methods.losses import cross_entropy
from sglr.plan.methods import AtLsWa, Ls


class AdversarialTraining(Objective):
    """CE(f(x'), y), x' the attack on the hard label (Madry et al. 2018)."""

    def loss(self, model: nn.Module, x: Tensor, y: Tensor, index: Tensor, epoch: int) -> Loss:
        """Return the cross-entropy of the labels on adversarial images."""
        logits = model(self.attack(x, y))
        return Loss(cross_entropy(logits, self.targets(index)).mean(), logits.detach())


class SmoothedAdversarialTraining(AdversarialTraining):
    """The same with smoothed labels (paper, Eq. 5); the attack keeps the hard ones."""

    def __init__(self, settings: Ls | AtLsWa, setup: Setup):
        super().__init__(settings, setup)
        self.r = settings.r

    def targets(self, index: Tensor) -> Tensor:
        """Return the smoothed labels (N, K)."""
        return smooth(super().targets(index), self.r)
