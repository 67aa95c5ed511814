"""What the losses of all methods share: what they are given, what they return, and the attack on hard labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from sglr.methods.labels import one_hot
from sglr.methods.losses import cross_entropy

if TYPE_CHECKING:
    from torch import Tensor, nn

    from sglr.attacks.adversary import Adversary
    from sglr.data.images import ImageSet


class Loss(NamedTuple):
    """`loss` () to differentiate, and detached `logits` (N, K) on which training accuracy is counted."""

    loss: Tensor
    logits: Tensor


@dataclass
class Setup:
    """What an objective is given: the network in training, and the one copy of the given labels (num_train,).

    `teachers` are frozen, in eval mode; `average` takes the mean of tensors over the processes of a training, in place.
    """

    model: nn.Module
    labels: Tensor
    num_classes: int
    epochs: int
    adversary: Adversary | None
    teachers: dict[str, nn.Module]
    validation: ImageSet
    average: Callable[[Sequence[Tensor]], None] = lambda tensors: None


class Objective:
    """The loss of one method, and the state that the method keeps between steps."""

    def __init__(self, settings: Any, setup: Setup):
        self.settings, self.setup = settings, setup
        self.model = setup.model

    @property
    def adversary(self) -> Adversary:
        """The attack on the network in training. Raises ValueError in standard training."""
        if self.setup.adversary is None:
            raise ValueError(
                f"{type(self).__name__} needs an adversary; the setup has none"
            )
        return self.setup.adversary

    def attack(self, x: Tensor, index: Tensor) -> Tensor:
        """Return adversarial images (N, C, H, W) that raise the cross-entropy of the hard labels of `index` (N,)."""
        return self.adversary.attack(self.model, x, cross_entropy, self.labels(index))

    def loss(self, x: Tensor, index: Tensor, epoch: int) -> Loss:
        """Return the loss of one mini-batch x (N, C, H, W), the examples `index` (N,), the network in train mode.

        `epoch` counts from 1.
        """
        raise NotImplementedError

    def after_step(self) -> None:
        """Called after the optimiser's step."""

    def labels(self, index: Tensor) -> Tensor:
        """Return the given classes (N,) of the examples `index` (N,)."""
        return self.setup.labels[index]

    def targets(self, index: Tensor) -> Tensor:
        """Return the labels (N, K) that the examples `index` (N,) are trained towards now."""
        return one_hot(self.labels(index), self.setup.num_classes)

    def fitted(self) -> dict[str, float]:
        """What the method chose by data before its first step, for the run's record."""
        return {}

    def state_dict(self) -> dict[str, Any]:
        """What a resumed training needs."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take `state_dict`'s content back."""
