"""Distillation from a standard and a robust teacher, evaluated at an average of its weights."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sglr.files.errors import UsageError
from sglr.files.lazy import torch
from sglr.methods.average import WeightAverage
from sglr.methods.labels import soften
from sglr.methods.losses import cross_entropy
from sglr.methods.method import Method, setting
from sglr.methods.objective import Loss, Objective
from sglr.methods.schedules import start_epoch

if TYPE_CHECKING:
    from torch import Tensor, nn


class TwoTeacherDistillation(Objective):
    """.3 CE(f(x'), y) + .1 KD(f(x'), t_std(x')) + .6 KD(f(x'), t_adv(x')) (Chen et al. 2021).

    KD(z, t) = T^2 CE(z / T, softmax(t / T)); both teachers see the adversarial image.
    """

    def loss(self, x: Tensor, index: Tensor, epoch: int) -> Loss:
        """Return the weighted sum of the three terms."""
        x_adv = self.attack(x, index)
        logits = self.model(x_adv)
        loss = self.settings.cross_entropy_weight * cross_entropy(
            logits, self.targets(index)
        )
        loss = loss + self.settings.standard_weight * self._distil(
            logits, x_adv, "standard"
        )
        loss = loss + self.settings.adversarial_weight * self._distil(
            logits, x_adv, "at"
        )
        return Loss(loss.mean(), logits.detach())

    def _distil(self, logits: Tensor, x_adv: Tensor, teacher: str) -> Tensor:
        temperature = self.settings.temperature
        with torch.no_grad():
            taught = soften(self.setup.teachers[teacher](x_adv), temperature)
        return temperature**2 * cross_entropy(logits / temperature, taught)


class EpochAverage(WeightAverage):
    """The mean of the weights at the end of each epoch from `first_epoch` on (Izmailov et al. 2018)."""

    def __init__(self, model: nn.Module, first_epoch: int):
        super().__init__(model)
        self.first_epoch = first_epoch

    def active(self, epoch: int) -> bool:
        """Whether the average has begun by the end of `epoch`."""
        return epoch >= self.first_epoch

    def after_epoch(
        self, model: nn.Module, epoch: int, batches: Iterable[Tensor]
    ) -> None:
        """Fold the epoch's last weights in, and estimate the averaged network's BatchNorm statistics afresh."""
        if self.active(epoch):
            self.fold_in(model, 1 / (self.count + 1))
            estimate_batchnorm(self.network, batches)


def estimate_batchnorm(network: nn.Module, batches: Iterable[Tensor]) -> None:
    """Set BatchNorm's statistics to their mean over `batches` of images, each weighted by its size.

    Leaves the network in eval mode.
    """
    layers = [
        layer for layer in network.modules() if isinstance(layer, torch.nn.BatchNorm2d)
    ]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
    network.train()
    seen = 0
    with torch.no_grad():
        for x in batches:
            seen += len(x)
            for layer in layers:
                layer.momentum = len(x) / seen
            network(x)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
    network.eval()


@dataclass(frozen=True)
class KdSwa(Method):
    """Distillation from two teachers and weight averaging (Chen et al. 2021)."""

    name = "kd_swa"
    label = "KD-SWA"
    teachers = ("standard", "at")
    objective = TwoTeacherDistillation
    cross_entropy_weight: float = setting(0.3)
    standard_weight: float = setting(0.1)
    adversarial_weight: float = setting(0.6)
    temperature: float = setting(2.0, low=0.01, high=1000)
    average_start: float = setting(0.525)

    def __post_init__(self) -> None:
        super().__post_init__()
        if (
            not self.cross_entropy_weight
            + self.standard_weight
            + self.adversarial_weight
        ):
            raise UsageError(
                "cross_entropy_weight, standard_weight and adversarial_weight are all 0"
            )

    def average(self, model: nn.Module, epochs: int) -> WeightAverage:
        """Return the mean over the last epochs."""
        return EpochAverage(model, start_epoch(self.average_start, epochs))
