"""Robust soft label adversarial distillation, for Table 1's counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sglr.files.lazy import torch
from sglr.methods.losses import divergence_from, kl_divergence
from sglr.methods.method import Method, setting
from sglr.methods.objective import Loss, Objective

if TYPE_CHECKING:
    from torch import Tensor


class RobustSoftLabelDistillation(Objective):
    """5/6 KL(t(x) || f(x')) + 1/6 KL(t(x) || f(x)), x' raising KL(t(x) || f(x')) (Zi et al. 2021).

    Differs from the paper: their code divides both by K as well, as a mean over all entries.
    """

    def loss(self, x: Tensor, index: Tensor, epoch: int) -> Loss:
        """Return both terms; no hard label takes part."""
        with torch.no_grad():
            taught = self.setup.teachers["at"](x).softmax(dim=1)
        x_adv = self.adversary.attack(
            self.model, x, divergence_from, taught, start="gaussian"
        )
        adversarial, share = self.model(x_adv), self.settings.robust
        loss = share * kl_divergence(taught, adversarial) + (1 - share) * kl_divergence(
            taught, self.model(x)
        )
        return Loss(loss.mean(), adversarial.detach())


@dataclass(frozen=True)
class Rslad(Method):
    """Robust soft label adversarial distillation (Zi et al. 2021), the teacher a PGD-AT network of the same size."""

    name = "rslad"
    label = "RSLAD"
    teachers = ("at",)
    objective = RobustSoftLabelDistillation
    robust: float = setting(5 / 6)
