"""How a network is trained: the step that the paper's algorithm repeats."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import get_total_norm

from sglr.data.batches import Batches
from sglr.engine import parallel
from sglr.methods.average import WeightAverage
from sglr.methods.objective import Objective
from sglr.training.sgd import SGD


class Recipe:
    """A network, the loss that it is trained with, its optimiser and the average of its weights, if there is one."""

    def __init__(
        self,
        model: nn.Module,
        objective: Objective,
        optimizer: SGD,
        average: WeightAverage | None,
    ):
        self.model, self.objective, self.optimizer, self.average = (
            model,
            objective,
            optimizer,
            average,
        )

    def begin_epoch(self, learning_rate: float) -> None:
        """Set the network to train mode and the learning rate to that of the epoch."""
        self.optimizer.learning_rate = learning_rate
        self.model.train()

    def step(self, x: Tensor, index: Tensor, epoch: int) -> Tensor:
        """Train on images x (N, C, H, W), the examples `index` (N,).

        Return (4,), on the device: loss, number of images, of correct ones, norm of the gradient.
        """
        # Attack the images, refine their labels, compare.
        loss, logits = self.objective.loss(x, index, epoch)
        self.optimizer.zero_grad()
        loss.backward()
        gradients = [
            weight.grad for weight in self.model.parameters() if weight.grad is not None
        ]
        parallel.average_in_place(gradients)
        norm = get_total_norm(gradients)
        self.optimizer.step()
        self.objective.after_step()
        if self.average:
            self.average.after_step(self.model)
        correct = (logits.argmax(1) == self.objective.labels(index)).sum()
        # A number made on the device: a copy from the host would wait for all that is queued there.
        count = torch.full_like(norm, len(index))
        return torch.stack([loss.detach(), count, correct, norm]).double()

    def end_epoch(self, epoch: int, batches: Batches) -> None:
        """Let the average of weights have the epoch's last ones."""
        if self.average:
            self.average.after_epoch(self.model, epoch, batches.images_alone())

    def evaluated(self, epoch: int) -> nn.Module:
        """Return the average of weights where there is one and it has begun, else the network itself."""
        return (
            self.average.network
            if self.average and self.average.active(epoch)
            else self.model
        )

    def eligible(self, epoch: int) -> bool:
        """Whether the network evaluated at `epoch` may be the best: until its average has begun, it may not."""
        return not self.average or self.average.active(epoch)

    def state_dict(self) -> dict[str, Any]:
        """What a resumed training needs."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "objective": self.objective.state_dict(),
            "average": self.average.state_dict() if self.average else {},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take `state_dict`'s content back."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.objective.load_state_dict(state["objective"])
        if self.average:
            self.average.load_state_dict(state["average"])


def means(steps: Tensor) -> dict[str, float]:
    """Means of `Recipe.step`'s (steps, 4): over the images, of the gradient's norm over the steps."""
    loss, images, correct, norm = steps.unbind(1)
    return {
        "train_loss": ((loss * images).sum() / images.sum()).item(),
        "train_accuracy": (correct.sum() / images.sum()).item(),
        "gradient_norm": norm.mean().item(),
    }
