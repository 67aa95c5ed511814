"""What every objective shares: its inputs, its result, and the attack on hard labels."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from torch import Tensor, nn

from sglr.attacks.adversary import Adversary
from sglr.data.images import ImageSet
from sglr.methods.labels import one_hot
from sglr.methods.losses import cross_entropy


class Loss(NamedTuple):
    """`loss` () to differentiate, and detached `logits` (N, K) on which training accuracy is counted."""

    loss: Tensor
    logits: Tensor


@dataclass
class Setup:
    """What an objective is given. `labels` (num_train,) are the given labels; `teachers` are frozen, in eval mode."""

    labels: Tensor
    num_classes: int
    epochs: int
    adversary: Adversary | None
    teachers: dict[str, nn.Module]
    validation: ImageSet
    model: nn.Module


class Objective:
    """The loss of one method, and the state that the method keeps between steps."""

    def __init__(self, settings: Any, setup: Setup):
        self.setup = setup

    @property
    def adversary(self) -> Adversary:
        """The attack on the network in training. Raises ValueError in standard training."""
        if self.setup.adversary is None:
            raise ValueError(f"{type(self).__name__} needs an adversary; the setup has none")
        return self.setup.adversary

    def attack(self, x: Tensor, y: Tensor) -> Tensor:
        """Return adversarial images (N, C, H, W) that raise the cross-entropy of the hard labels `y` (N,)."""
        return self.adversary.attack(x, lambda logits: cross_entropy(logits, y))

    def loss(self, model: nn.Module, x: Tensor, y: Tensor, index: Tensor, epoch: int) -> Loss:
        """Return the loss of one mini-batch, `model` in train mode; x (N, C, H, W), y and index (N,), epoch from 1."""
        raise NotImplementedError

    def after_step(self, model: nn.Module) -> None:
        """Called after the optimiser's step."""

    def targets(self, index: Tensor) -> Tensor:
        """Return the labels (N, K) that the examples `index` (N,) are trained towards now."""
        return one_hot(self.setup.labels[index], self.setup.num_classes)

    def state_dict(self) -> dict[str, Any]:
        """What a resumed training needs."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take `state_dict`'s content back."""
