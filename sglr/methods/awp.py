"""Adversarial weight perturbation."""

import copy

import torch
from torch import Tensor, nn

from sglr.engine import parallel
from sglr.methods.at import AdversarialTraining
from sglr.methods.base import Loss, Setup
from sglr.methods.losses import cross_entropy
from sglr.plan.methods import Awp


class AdversarialWeightPerturbation(AdversarialTraining):
    """CE(f_{w+v}(x'), y) with v = gamma ||w_l|| g_l / ||g_l|| in each layer l (Wu et al. 2020).

    g is the gradient of the same loss at w. The optimiser steps at w + v; `after_step` takes v off again.
    """

    def __init__(self, settings: Awp, setup: Setup):
        super().__init__(settings, setup)
        self.gamma = settings.gamma
        self.proxy = copy.deepcopy(setup.model)  # its forward pass moves its own BatchNorm statistics
        self.perturbation: list[Tensor] = []

    def loss(self, model: nn.Module, x: Tensor, y: Tensor, index: Tensor, epoch: int) -> Loss:
        """Return the cross-entropy on adversarial images at the perturbed weights; leaves `model` perturbed."""
        x_adv = self.attack(x, y)
        self.perturbation = self._perturbation(model, x_adv, y)
        _add(model, self.perturbation, 1)
        logits = model(x_adv)
        return Loss(cross_entropy(logits, self.targets(index)).mean(), logits.detach())

    def _perturbation(self, model: nn.Module, x_adv: Tensor, y: Tensor) -> list[Tensor]:
        self.proxy.load_state_dict(model.state_dict())
        self.proxy.train()
        weights = _weights(self.proxy)
        gradients = torch.autograd.grad(cross_entropy(self.proxy(x_adv), y).mean(), weights)
        parallel.add_up(gradients)
        return [
            self.gamma * weight.detach().norm() * gradient / (gradient.norm() + 1e-20)
            for weight, gradient in zip(weights, gradients, strict=True)
        ]

    def after_step(self, model: nn.Module) -> None:
        """Take the perturbation off."""
        _add(model, self.perturbation, -1)


def _weights(model: nn.Module) -> list[nn.Parameter]:
    """Matrices and kernels; biases and BatchNorm stay as they are."""
    return [parameter for parameter in model.parameters() if parameter.dim() >= 2]


@torch.no_grad()
def _add(model: nn.Module, perturbation: list[Tensor], sign: int) -> None:
    for weight, change in zip(_weights(model), perturbation, strict=True):
        weight.add_(change, alpha=sign)
