"""Adversarially robust distillation, as far as Table 1 needs it: one training step."""

import torch
from torch import Tensor, nn

from sglr.methods.base import Loss, Objective
from sglr.methods.labels import soften
from sglr.methods.losses import cross_entropy, kl_divergence

_TEMPERATURE = 30.0
_DISTILLATION = 1.0


class RobustDistillation(Objective):
    """a T^2 KL(t(x) || f(x'); T) + (1 - a) CE(f(x), y), a = 1, T = 30 (Goldblum et al. 2020).

    Differs from the paper: their code divides the KL by K as well, as a mean over all entries.
    """

    def loss(self, model: nn.Module, x: Tensor, y: Tensor, index: Tensor, epoch: int) -> Loss:
        """Return both terms; f(x) is computed even at a = 1, as in their code."""
        adversarial = model(self.attack(x, y))
        with torch.no_grad():
            taught = soften(self.setup.teachers["at"](x), _TEMPERATURE)
        distilled = _TEMPERATURE**2 * kl_divergence(taught, adversarial / _TEMPERATURE)
        loss = _DISTILLATION * distilled + (1 - _DISTILLATION) * cross_entropy(model(x), y)
        return Loss(loss.mean(), adversarial.detach())
