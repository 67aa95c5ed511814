"""Temporal ensembling."""

from typing import Any

import torch
from torch import Tensor, nn

from sglr.methods.base import Loss, Objective, Setup
from sglr.methods.labels import PredictionAverage
from sglr.methods.losses import cross_entropy, squared_distance
from sglr.plan.methods import Te
from sglr.plan.schedules import label_decay, start_epoch, te_weight


class TemporalEnsembling(Objective):
    """CE(f(x'), y) + w mean_k (softmax f(x') - p^)^2, p^ the averaged clean prediction (Dong et al. 2022).

    The attack raises the same sum. Differs from the paper: the attack's start is cut to [0, 1], as for every method.
    """

    def __init__(self, settings: Te, setup: Setup):
        super().__init__(settings, setup)
        self.settings = settings
        nothing = torch.zeros(len(setup.labels), setup.num_classes, device=setup.labels.device)
        self.average = PredictionAverage(nothing, label_decay(setup.epochs, settings.decay))

    def weight(self, epoch: int) -> float:
        """Return w at `epoch`: a ramp from `start` to `ramp_end`."""
        te = self.settings
        return te_weight(epoch, self.setup.epochs, weight=te.weight, start=te.start, ramp_end=te.ramp_end)

    def loss(self, model: nn.Module, x: Tensor, y: Tensor, index: Tensor, epoch: int) -> Loss:
        """Return the two terms' sum on adversarial images; the cross-entropy alone before `start`."""
        if epoch < start_epoch(self.settings.start, self.setup.epochs):
            logits = model(self.attack(x, y))
            return Loss(cross_entropy(logits, y).mean(), logits.detach())
        ensemble = self._ensemble(x, index)
        weight = self.weight(epoch)

        def both_terms(logits: Tensor) -> Tensor:
            """What the attack raises and the step lowers, (N,)."""
            return cross_entropy(logits, y) + weight * squared_distance(logits, ensemble)

        logits = model(self.adversary.attack(x, both_terms))
        return Loss(both_terms(logits).mean(), logits.detach())

    def _ensemble(self, x: Tensor, index: Tensor) -> Tensor:
        """The average with this batch's eval-mode clean predictions; the division corrects its start at zero."""
        rows = self.average.update(index, self.adversary.logits(x).softmax(dim=1))
        return rows / rows.sum(dim=1, keepdim=True)

    def state_dict(self) -> dict[str, Any]:
        """The averaged predictions."""
        return self.average.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take `state_dict`'s content back."""
        self.average.load_state_dict(state)
