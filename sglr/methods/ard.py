"""Adversarially robust distillation, for Table 1's counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sglr.files.lazy import torch
from sglr.methods.labels import soften
from sglr.methods.losses import cross_entropy, kl_divergence
from sglr.methods.method import Method, setting
from sglr.methods.objective import Loss, Objective

if TYPE_CHECKING:
    from torch import Tensor


class RobustDistillation(Objective):
    """a T^2 KL(t(x) || f(x'); T) + (1 - a) CE(f(x), y), a = 1, T = 30 (Goldblum et al. 2020).

    Differs from the paper: their code divides the KL by K as well, as a mean over all entries.
    """

    def loss(self, x: Tensor, index: Tensor, epoch: int) -> Loss:
        """Return both terms; f(x) is computed even at a = 1, as in their code."""
        share, temperature = self.settings.distillation, self.settings.temperature
        adversarial = self.model(self.attack(x, index))
        with torch.no_grad():
            taught = soften(self.setup.teachers["at"](x), temperature)
        distilled = temperature**2 * kl_divergence(taught, adversarial / temperature)
        loss = share * distilled + (1 - share) * cross_entropy(
            self.model(x), self.labels(index)
        )
        return Loss(loss.mean(), adversarial.detach())


@dataclass(frozen=True)
class Ard(Method):
    """Adversarially robust distillation (Goldblum et al. 2020), the teacher a PGD-AT network of the same size."""

    name = "ard"
    label = "ARD"
    teachers = ("at",)
    objective = RobustDistillation
    distillation: float = setting(1.0)
    temperature: float = setting(30.0, low=0.01, high=1000)
