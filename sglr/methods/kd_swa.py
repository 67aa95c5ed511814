"""Distillation from a standard and a robust teacher; the averaged weights are in `averaging`."""

import torch
from torch import Tensor, nn

from sglr.methods.base import Loss, Objective, Setup
from sglr.methods.labels import soften
from sglr.methods.losses import cross_entropy
from sglr.plan.methods import KdSwa


class TwoTeacherDistillation(Objective):
    """.3 CE(f(x'), y) + .1 KD(f(x'), t_std(x')) + .6 KD(f(x'), t_adv(x')) (Chen et al. 2021).

    KD(z, t) = T^2 CE(z / T, softmax(t / T)); both teachers see the adversarial image.
    """

    def __init__(self, settings: KdSwa, setup: Setup):
        super().__init__(settings, setup)
        self.settings = settings

    def loss(self, model: nn.Module, x: Tensor, y: Tensor, index: Tensor, epoch: int) -> Loss:
        """Return the weighted sum of the three terms."""
        x_adv = self.attack(x, y)
        logits = model(x_adv)
        loss = self.settings.cross_entropy_weight * cross_entropy(logits, self.targets(index))
        loss = loss + self.settings.standard_weight * self._distil(logits, x_adv, "standard")
        loss = loss + self.settings.adversarial_weight * self._distil(logits, x_adv, "at")
        return Loss(loss.mean(), logits.detach())

    def _distil(self, logits: Tensor, x_adv: Tensor, teacher: str) -> Tensor:
        temperature = self.settings.temperature
        with torch.no_grad():
            taught = soften(self.setup.teachers[teacher](x_adv), temperature)
        return temperature**2 * cross_entropy(logits / temperature, taught)
