"""Robust soft label adversarial distillation, as far as Table 1 needs it: one training step."""

import torch
from torch import Tensor, nn

from sglr.methods.base import Loss, Objective
from sglr.methods.losses import kl_divergence

_ROBUST = 5 / 6


class RobustSoftLabelDistillation(Objective):
    """5/6 KL(t(x) || f(x')) + 1/6 KL(t(x) || f(x)), x' raising KL(t(x) || f(x')) (Zi et al. 2021).

    Differs from the paper: their code divides both by K as well, as a mean over all entries.
    """

    def loss(self, model: nn.Module, x: Tensor, y: Tensor, index: Tensor, epoch: int) -> Loss:
        """Return both terms; no hard label takes part."""
        with torch.no_grad():
            taught = self.setup.teachers["at"](x).softmax(dim=1)
        x_adv = self.adversary.attack(x, lambda logits: kl_divergence(taught, logits), "gaussian")
        adversarial = model(x_adv)
        loss = _ROBUST * kl_divergence(taught, adversarial) + (1 - _ROBUST) * kl_divergence(taught, model(x))
        return Loss(loss.mean(), adversarial.detach())
