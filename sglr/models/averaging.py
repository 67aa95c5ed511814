"""Averages of the weights along training; the averaged network is the one that is evaluated."""

import copy
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from sglr.plan.methods import AtLsWa, AtWa, KdSwa
from sglr.plan.schedules import start_epoch


class WeightAverage:
    """A second network (eval mode, no gradients) whose weights are an average of the trained one's."""

    def __init__(self, model: nn.Module):
        self.network = copy.deepcopy(model).eval().requires_grad_(False)
        self.count = 0  # networks averaged so far

    def active(self, epoch: int) -> bool:
        """Whether the average has begun by the end of `epoch` (from 1)."""
        return True

    def after_step(self, model: nn.Module) -> None:
        """Called after every optimiser step."""

    def after_epoch(self, model: nn.Module, epoch: int, batches: Iterable[Tensor]) -> None:
        """Called after every epoch; `batches` are clean training images as the model sees them."""

    def state_dict(self) -> dict[str, Any]:
        """What a resumed training needs."""
        return {"network": self.network.state_dict(), "count": self.count}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take `state_dict`'s content back."""
        self.network.load_state_dict(state["network"])
        self.count = state["count"]


class ExponentialAverage(WeightAverage):
    """w~ <- d w~ + (1 - d) w after every step, BatchNorm's statistics likewise.

    d = min(decay, (1 + n) / (10 + n)) after n steps, so that a short training leaves its first weights behind too.
    """

    def __init__(self, model: nn.Module, decay: float):
        super().__init__(model)
        self.decay = decay

    def after_step(self, model: nn.Module) -> None:
        """Fold the current weights in."""
        decay = min(self.decay, (1 + self.count) / (10 + self.count))
        _move(self.network, model, 1 - decay)
        self.count += 1


class EpochAverage(WeightAverage):
    """The mean of the weights at the end of each epoch from `first_epoch` on (Izmailov et al. 2018)."""

    def __init__(self, model: nn.Module, first_epoch: int):
        super().__init__(model)
        self.first_epoch = first_epoch

    def active(self, epoch: int) -> bool:
        """Whether the average has begun by the end of `epoch`."""
        return epoch >= self.first_epoch

    def after_epoch(self, model: nn.Module, epoch: int, batches: Iterable[Tensor]) -> None:
        """Fold the epoch's last weights in, and estimate the averaged network's BatchNorm statistics afresh."""
        if self.active(epoch):
            self.count += 1
            _move(self.network, model, 1 / self.count)
            estimate_batchnorm(self.network, batches)


def build_average(settings: Any, model: nn.Module, epochs: int) -> WeightAverage | None:
    """Return the average that the method with these settings is evaluated at, or None."""
    if isinstance(settings, AtWa | AtLsWa):
        return ExponentialAverage(model, settings.decay)
    if isinstance(settings, KdSwa):
        return EpochAverage(model, start_epoch(settings.average_start, epochs))
    return None


@torch.no_grad()
def _move(average: nn.Module, model: nn.Module, share: float) -> None:
    """average <- (1 - share) average + share model, for weights and statistics; counters are copied."""
    for mean, value in zip(average.state_dict().values(), model.state_dict().values(), strict=True):
        if mean.is_floating_point():
            mean.lerp_(value, share)
        else:
            mean.copy_(value)


@torch.no_grad()
def estimate_batchnorm(network: nn.Module, batches: Iterable[Tensor]) -> None:
    """Set BatchNorm's statistics to their mean over `batches` of images, each weighted by its size.

    Leaves the network in eval mode.
    """
    layers = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
    network.train()
    seen = 0
    for x in batches:
        seen += len(x)
        for layer in layers:
            layer.momentum = len(x) / seen
        network(x)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
    network.eval()
