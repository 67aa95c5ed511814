"""PGD-AT evaluated at an exponential average of its weights: rivals of ours, the paper has no such rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sglr.methods.at import AdversarialTraining, SmoothedAdversarialTraining
from sglr.methods.average import WeightAverage
from sglr.methods.method import LARGEST_DECAY, Method, setting

if TYPE_CHECKING:
    from torch import nn


class ExponentialAverage(WeightAverage):
    """w~ <- d w~ + (1 - d) w after every step, BatchNorm's statistics likewise.

    d = min(decay, (1 + n) / (10 + n)) after n steps, so that a short training leaves its first weights behind too.
    """

    def __init__(self, model: nn.Module, decay: float):
        super().__init__(model)
        self.decay = decay

    def after_step(self, model: nn.Module) -> None:
        """Fold the current weights in."""
        decay = min(self.decay, (1 + self.count) / (10 + self.count))
        self.fold_in(model, 1 - decay)


@dataclass(frozen=True)
class AtWa(Method):
    """PGD-AT, evaluated at an exponential average of its weights. Ours: the paper has no such row."""

    name = "at_wa"
    label = "PGD-AT+WA (ours)"
    objective = AdversarialTraining
    decay: float = setting(0.9995, high=LARGEST_DECAY)

    def average(self, model: nn.Module, epochs: int) -> WeightAverage:
        """Return the exponential average."""
        return ExponentialAverage(model, self.decay)


@dataclass(frozen=True)
class AtLsWa(Method):
    """PGD-AT with label smoothing, evaluated at an exponential average of its weights. Ours."""

    name = "at_ls_wa"
    label = "PGD-AT+LS+WA (ours)"
    objective = SmoothedAdversarialTraining
    r: float = setting(0.2)
    decay: float = setting(0.9995, high=LARGEST_DECAY)

    def average(self, model: nn.Module, epochs: int) -> WeightAverage:
        """Return the exponential average."""
        return ExponentialAverage(model, self.decay)
