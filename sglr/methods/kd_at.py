"""Distillation from a robust self-teacher, calibrated on held-out images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sglr.files.lazy import torch
from sglr.methods.labels import one_hot, soften
from sglr.methods.losses import cross_entropy
from sglr.methods.method import Method
from sglr.methods.objective import Loss, Objective, Setup

if TYPE_CHECKING:
    from torch import Tensor, nn

TEMPERATURES = [0.25 * 1.1**step for step in range(37)]  # 0.25 to 7.7
MIXTURES = [step / 50 for step in range(1, 51)]  # 0.02 to 1
_BATCH = 250


class DistilledAdversarialTraining(Objective):
    """CE(f(x'), lambda softmax(t(x') / T) + (1 - lambda) q), t a PGD-AT teacher (Dong, Liu, Shang 2022, KD-AT-Auto).

    T and lambda minimise the negative log-likelihood on adversarial held-out images. How they are fitted is not
    published in full; our choice: in the fit q is the class that the teacher predicts for the clean image. The true
    class in its place would be its own answer, and lambda = 0 would always win.
    """

    def __init__(self, settings: KdAt, setup: Setup):
        super().__init__(settings, setup)
        self.teacher = setup.teachers["at"]
        self.temperature, self.mixture = self._fit()

    def _fit(self) -> tuple[float, float]:
        images = self.setup.validation
        x_adv = self.adversary.attack_images(self.teacher, images, _BATCH)
        guesses = one_hot(
            _logits(self.teacher, images.pixels()).argmax(dim=1), self.setup.num_classes
        )
        return fit_calibration(_logits(self.teacher, x_adv), guesses, images.labels)

    def loss(self, x: Tensor, index: Tensor, epoch: int) -> Loss:
        """Return the cross-entropy of the calibrated teacher's labels on adversarial images."""
        x_adv = self.attack(x, index)
        logits = self.model(x_adv)
        taught = soften(_logits(self.teacher, x_adv), self.temperature)
        labels = self.mixture * taught + (1 - self.mixture) * self.targets(index)
        return Loss(cross_entropy(logits, labels).mean(), logits.detach())

    def fitted(self) -> dict[str, float]:
        """The temperature T and the mixture lambda."""
        return {"temperature": self.temperature, "mixture": self.mixture}

    def state_dict(self) -> dict[str, Any]:
        """The fitted temperature and mixture."""
        return self.fitted()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take `state_dict`'s content back."""
        self.temperature, self.mixture = state["temperature"], state["mixture"]


def _logits(teacher: nn.Module, x: Tensor) -> Tensor:
    with torch.no_grad():
        return torch.cat([teacher(part) for part in x.split(_BATCH)])


def fit_calibration(logits: Tensor, guesses: Tensor, y: Tensor) -> tuple[float, float]:
    """Return (T, lambda) on a grid, at which lambda softmax(logits / T) + (1 - lambda) guesses best predicts y.

    Args:
        logits: (N, K).  guesses: (N, K) one-hot rows.  y: (N,) true classes.
    """
    mixtures = torch.tensor(MIXTURES, dtype=torch.float64, device=logits.device)
    guessed = guesses.double().gather(1, y[:, None])
    scores = []
    for temperature in TEMPERATURES:
        own = soften(logits.double(), temperature).gather(1, y[:, None])
        likelihood = mixtures * own + (1 - mixtures) * guessed  # (N, mixtures)
        scores.append(-likelihood.clamp_min(1e-12).log().mean(dim=0))
    best = int(torch.stack(scores).argmin())
    return TEMPERATURES[best // len(MIXTURES)], MIXTURES[best % len(MIXTURES)]


@dataclass(frozen=True)
class KdAt(Method):
    """KD-AT-Auto (Dong, Liu, Shang 2022): temperature and mixture fitted on adversarial held-out images."""

    name = "kd_at"
    label = "KD-AT"
    teachers = ("at",)
    objective = DistilledAdversarialTraining
