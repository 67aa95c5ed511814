"""Temporal ensembling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sglr.files.errors import UsageError
from sglr.files.lazy import torch
from sglr.files.settings import exact
from sglr.methods.labels import PredictionAverage
from sglr.methods.losses import cross_entropy, squared_distance
from sglr.methods.method import LARGEST_DECAY, Method, setting
from sglr.methods.objective import Loss, Objective, Setup
from sglr.methods.schedules import label_decay, start_epoch, te_weight

if TYPE_CHECKING:
    from torch import Tensor


def both_terms(logits: Tensor, y: Tensor, ensemble: Tensor, weight: Tensor) -> Tensor:
    """Return CE(logits, y) + w mean_k (softmax - p^)^2, (N,), which the attack raises and the step lowers."""
    return cross_entropy(logits, y) + weight * squared_distance(logits, ensemble)


class TemporalEnsembling(Objective):
    """CE(f(x'), y) + w mean_k (softmax f(x') - p^)^2, p^ the averaged clean prediction (Dong et al. 2022).

    The attack raises the same sum. Differs from the paper: the attack's start is cut to [0, 1], as for every method.
    """

    def __init__(self, settings: Te, setup: Setup):
        super().__init__(settings, setup)
        nothing = torch.zeros(
            len(setup.labels), setup.num_classes, device=setup.labels.device
        )
        self.ensemble = PredictionAverage(
            nothing, label_decay(setup.epochs, settings.decay)
        )

    def weight(self, epoch: int) -> float:
        """Return w at `epoch`: a ramp from `start` to `ramp_end`."""
        te = self.settings
        return te_weight(
            epoch,
            self.setup.epochs,
            weight=te.weight,
            start=te.start,
            ramp_end=te.ramp_end,
        )

    def loss(self, x: Tensor, index: Tensor, epoch: int) -> Loss:
        """Return the two terms' sum on adversarial images; the cross-entropy alone before `start`."""
        y = self.labels(index)
        if epoch < start_epoch(self.settings.start, self.setup.epochs):
            logits = self.model(self.attack(x, index))
            return Loss(cross_entropy(logits, y).mean(), logits.detach())
        ensemble = self._ensemble_of(x, index)
        weight = torch.full((), self.weight(epoch), device=x.device)
        x_adv = self.adversary.attack(self.model, x, both_terms, y, ensemble, weight)
        logits = self.model(x_adv)
        return Loss(both_terms(logits, y, ensemble, weight).mean(), logits.detach())

    def _ensemble_of(self, x: Tensor, index: Tensor) -> Tensor:
        """The average with this batch's eval-mode clean predictions; the division corrects its start at zero."""
        rows = self.ensemble.update(
            index, self.adversary.logits(self.model, x).softmax(dim=1)
        )
        return rows / rows.sum(dim=1, keepdim=True)

    def state_dict(self) -> dict[str, Any]:
        """The averaged predictions."""
        return self.ensemble.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take `state_dict`'s content back."""
        self.ensemble.load_state_dict(state)


@dataclass(frozen=True)
class Te(Method):
    """PGD-AT with temporal ensembling (Dong et al. 2022)."""

    name = "te"
    label = "PGD-AT+TE"
    objective = TemporalEnsembling
    weight: float = setting(300.0, high=1e6)
    start: float = setting(0.45)
    ramp_end: float = setting(0.75)
    decay: float = setting(0.9, high=LARGEST_DECAY)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.ramp_end <= self.start:
            raise UsageError(
                f"ramp_end must come after start, got {exact(self.ramp_end)} and {exact(self.start)}"
            )
