"""An average of the weights along training, which is evaluated in place of the network."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sglr.files.lazy import torch

if TYPE_CHECKING:
    from torch import Tensor, nn


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

    def after_epoch(
        self, model: nn.Module, epoch: int, batches: Iterable[Tensor]
    ) -> None:
        """Called after every epoch; `batches` are clean training images as the model sees them."""

    def fold_in(self, model: nn.Module, share: float) -> None:
        """average <- (1 - share) average + share model, for weights and statistics; counters are copied."""
        self.count += 1
        with torch.no_grad():
            for mean, value in zip(
                self.network.state_dict().values(),
                model.state_dict().values(),
                strict=True,
            ):
                if mean.is_floating_point():
                    mean.lerp_(value, share)
                else:
                    mean.copy_(value)

    def state_dict(self) -> dict[str, Any]:
        """What a resumed training needs."""
        return {"network": self.network.state_dict(), "count": self.count}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take `state_dict`'s content back."""
        self.network.load_state_dict(state["network"])
        self.count = state["count"]
