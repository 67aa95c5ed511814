"""Adversarial weight perturbation."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sglr.files.lazy import torch
from sglr.methods.at import AdversarialTraining
from sglr.methods.losses import cross_entropy
from sglr.methods.method import Method, setting
from sglr.methods.objective import Loss, Setup

if TYPE_CHECKING:
    from torch import Tensor, nn


class AdversarialWeightPerturbation(AdversarialTraining):
    """CE(f_{w+v}(x'), y) with v = gamma ||w_l|| g_l / ||g_l|| in each layer l (Wu et al. 2020).

    g is the gradient of the same loss at w. The optimiser steps at w + v; `after_step` takes v off again.
    """

    def __init__(self, settings: Awp, setup: Setup):
        super().__init__(settings, setup)
        # Its forward pass moves its own BatchNorm statistics.
        self.proxy = copy.deepcopy(setup.model)
        self.perturbation: list[Tensor] = []

    def loss(self, x: Tensor, index: Tensor, epoch: int) -> Loss:
        """Return the cross-entropy on adversarial images at the perturbed weights; leaves the model perturbed."""
        x_adv = self.attack(x, index)
        self.perturbation = self._perturbation(x_adv, self.labels(index))
        _add(self.model, self.perturbation, 1)
        logits = self.model(x_adv)
        return Loss(cross_entropy(logits, self.targets(index)).mean(), logits.detach())

    def _perturbation(self, x_adv: Tensor, y: Tensor) -> list[Tensor]:
        self.proxy.load_state_dict(self.model.state_dict())
        self.proxy.train()
        weights = _weights(self.proxy)
        gradients = torch.autograd.grad(
            cross_entropy(self.proxy(x_adv), y).mean(), weights
        )
        self.setup.average(gradients)
        gamma = self.settings.gamma
        return [
            gamma * weight.detach().norm() * gradient / (gradient.norm() + 1e-20)
            for weight, gradient in zip(weights, gradients, strict=True)
        ]

    def after_step(self) -> None:
        """Take the perturbation off."""
        _add(self.model, self.perturbation, -1)


def _weights(model: nn.Module) -> list[nn.Parameter]:
    """Matrices and kernels; biases and BatchNorm stay as they are."""
    return [parameter for parameter in model.parameters() if parameter.dim() >= 2]


def _add(model: nn.Module, perturbation: list[Tensor], sign: int) -> None:
    with torch.no_grad():
        for weight, change in zip(_weights(model), perturbation, strict=True):
            weight.add_(change, alpha=sign)


@dataclass(frozen=True)
class Awp(Method):
    """Adversarial weight perturbation (Wu et al. 2020)."""

    name = "awp"
    label = "AWP"
    objective = AdversarialWeightPerturbation
    gamma: float = setting(0.01)
