"""Refined labels: a label source that SGLR's adversarial, TRADES and standard form share."""

from typing import Any

from torch import Tensor

from sglr.methods.base import Objective, Setup
from sglr.methods.labels import PredictionAverage, one_hot, refine
from sglr.plan.schedules import label_decay, start_epoch


class RefinedLabels:
    """Labels r p~ + (1 - r) q, p~ the moving average of the network's own predictions (paper, Eq. 8).

    p~ begins at the one-hot label and first moves at epoch `start` x epochs. `decay` is alpha for 200 epochs.
    """

    def __init__(self, setup: Setup, *, r: float, start: float, decay: float):
        self.hard = one_hot(setup.labels, setup.num_classes)
        self.average = PredictionAverage(self.hard, label_decay(setup.epochs, decay))
        self.r, self.first_epoch = r, start_epoch(start, setup.epochs)

    def active(self, epoch: int) -> bool:
        """Whether predictions are averaged at `epoch` (from 1)."""
        return epoch >= self.first_epoch

    def update(self, index: Tensor, probs: Tensor) -> None:
        """Fold the predictions `probs` (N, K) for the examples `index` (N,) into the average."""
        self.average.update(index, probs.detach())

    def targets(self, index: Tensor) -> Tensor:
        """Return the labels (N, K) of the examples `index` (N,); no gradient."""
        return refine(self.hard[index], self.average.probs[index], self.r)

    def state_dict(self) -> dict[str, Any]:
        """What a resumed training needs."""
        return self.average.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take `state_dict`'s content back."""
        self.average.load_state_dict(state)


class RefinedObjective(Objective):
    """An objective that trains towards its `refined` labels, and keeps them between steps."""

    refined: RefinedLabels

    def targets(self, index: Tensor) -> Tensor:
        """Return the refined labels (N, K)."""
        return self.refined.targets(index)

    def state_dict(self) -> dict[str, Any]:
        """The averaged predictions."""
        return self.refined.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take `state_dict`'s content back."""
        self.refined.load_state_dict(state)
