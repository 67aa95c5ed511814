"""Refined labels, which SGLR's adversarial, TRADES and standard form share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sglr.methods.labels import PredictionAverage, one_hot, refine
from sglr.methods.objective import Objective, Setup
from sglr.methods.schedules import label_decay, start_epoch

if TYPE_CHECKING:
    from torch import Tensor


class RefinedObjective(Objective):
    """An objective that trains towards labels r p~ + (1 - r) q, p~ the average of the network's own predictions
    (paper, Eq. 8).

    p~ begins at the one-hot label q and first moves at epoch `start` x epochs. `decay` is alpha for 200 epochs.
    """

    def __init__(self, settings: Any, setup: Setup):
        super().__init__(settings, setup)
        hard = one_hot(setup.labels, setup.num_classes)
        self.predictions = PredictionAverage(
            hard, label_decay(setup.epochs, settings.decay)
        )
        self.first_epoch = start_epoch(settings.start, setup.epochs)

    @property
    def r(self) -> float:
        """The share of the averaged prediction in the label."""
        return self.settings.r

    def refining(self, epoch: int) -> bool:
        """Whether predictions are averaged at `epoch` (from 1)."""
        return epoch >= self.first_epoch

    def refine_labels(self, index: Tensor, probs: Tensor) -> None:
        """Fold the predictions `probs` (N, K) for the examples `index` (N,) into the average."""
        self.predictions.update(index, probs.detach())

    def targets(self, index: Tensor) -> Tensor:
        """Return the refined labels (N, K); no gradient."""
        return refine(super().targets(index), self.predictions.probs[index], self.r)

    def state_dict(self) -> dict[str, Any]:
        """The averaged predictions."""
        return self.predictions.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take `state_dict`'s content back."""
        self.predictions.load_state_dict(state)
