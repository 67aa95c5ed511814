"""Labels refined by the model's own averaged predictions: SGLR in AT, TRADES and standard training."""

from typing import Any

from torch import Tensor

from sglr.labels import PredictionAverage, refine
from sglr.objectives.base import Objective, Setup
from sglr.schedules import label_decay, start_epoch


class RefinedLabels(Objective):
    """An objective whose labels are r p~ + (1 - r) y (paper, Eq. 8), p~ starting at the hard labels."""

    def __init__(self, settings: Any, setup: Setup):
        super().__init__(settings, setup)
        self.average = PredictionAverage(self.hard, label_decay(setup.epochs, settings.decay))
        self.start = start_epoch(settings.start, setup.epochs)
        self.r = getattr(settings, "r", 1.0)

    def refined(self, index: Tensor, probs: Tensor) -> Tensor:
        """Fold the predictions `probs` (N, K) in and return the labels after it (authors' code)."""
        return refine(self.hard[index], self.average.update(index, probs), self.r)

    def targets(self, index: Tensor) -> Tensor:
        """The refined labels; the hard ones while nothing has been averaged."""
        return refine(self.hard[index], self.average.probs[index], self.r)

    def state_dict(self) -> dict[str, Any]:
        """The label average."""
        return self.average.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take the label average back."""
        self.average.load_state_dict(state)
