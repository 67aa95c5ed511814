"""Training labels: hard, smoothed, and refined by the model's own predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sglr.files.lazy import torch

if TYPE_CHECKING:
    from torch import Tensor


def one_hot(y: Tensor, num_classes: int) -> Tensor:
    """Return (N, K) float32 one-hot rows of the classes `y` (N,)."""
    return torch.nn.functional.one_hot(y, num_classes).float()


def smooth(targets: Tensor, r: float) -> Tensor:
    """Return r/K 1 + (1 - r) targets, (N, K) (paper, Eq. 5); r in [0, 1]."""
    return r / targets.shape[1] + (1 - r) * targets


def refine(targets: Tensor, mean_probs: Tensor, r: float) -> Tensor:
    """Return r mean_probs + (1 - r) targets, (N, K) (paper, Eq. 8); r in [0, 1]."""
    return r * mean_probs + (1 - r) * targets


def soften(logits: Tensor, temperature: float) -> Tensor:
    """Return softmax(logits / temperature), (N, K) (paper, Table 4)."""
    return (logits / temperature).softmax(dim=1)


class PredictionAverage:
    """Moving average of the predictions for every training example (paper, Eq. 8, alpha = decay).

    `probs` is (num_examples, K); it belongs in the saved state.
    """

    def __init__(self, initial: Tensor, decay: float):
        self.probs, self.decay = initial.clone(), decay

    def update(self, index: Tensor, probs: Tensor) -> Tensor:
        """Fold `probs` (N, K) into the rows `index` (N,), all distinct; return those rows after the update.

        `probs` carries no gradient.
        """
        self.probs[index] = self.decay * self.probs[index] + (1 - self.decay) * probs
        return self.probs[index]

    def state_dict(self) -> dict[str, Any]:
        """What a resumed training needs."""
        return {"probs": self.probs}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take `state_dict`'s content back."""
        self.probs.copy_(state["probs"])
