"""Distillation baselines: KD-AT-Auto, KD-SWA, ARD and RSLAD."""

from typing import Any

import torch
from torch import Tensor, nn

from sglr.attacks import pgd
from sglr.labels import one_hot, soften
from sglr.losses import cross_entropy, kl_divergence
from sglr.objectives.base import Loss, Objective, Setup


class KdAt(Objective):
    """min CE(f(x'), m softmax(t(x')/T) + (1 - m) y), t a PGD-AT network (Dong, Liu, Shang 2022, "Auto").

    T, then m, minimise the negative log-likelihood on held-out images that attack the teacher.
    """

    def __init__(self, settings: Any, setup: Setup):
        super().__init__(settings, setup)
        self.teacher = setup.teachers["at"]
        self.temperature, self.mixture = self._fit()

    @torch.no_grad()
    def _fit(self) -> tuple[float, float]:
        """A grid search: T on the correctly classified images, m on all of them."""
        assert self.setup.adversary is not None
        adversary, images = self.setup.adversary, self.setup.validation
        x, y = images.pixels(), images.labels
        x_adv = pgd(
            self.teacher,
            x,
            lambda logits: cross_entropy(logits, y),
            ball=adversary.ball,
            step_size=adversary.step_size,
            num_steps=adversary.num_steps,
            start=adversary.ball.random_start(x, torch.Generator().manual_seed(0)),
        )
        logits, hard = self.teacher(x_adv), one_hot(y, self.setup.num_classes)
        right = logits.argmax(1) == y
        temperatures = [0.1 * 1.05**step for step in range(95)]  # 0.1 to 9.8
        temperature = min(temperatures, key=lambda t: cross_entropy(logits[right] / t, y[right]).mean().item())
        probs = soften(logits, temperature)
        errors = {step / 100: _likelihood(probs, hard, step / 100) for step in range(101)}
        return temperature, min(errors, key=lambda m: errors[m])

    def loss(self, model: nn.Module, x: Tensor, y: Tensor, index: Tensor, epoch: int) -> Loss:
        """See Objective."""
        x_adv = self.attack_hard(x, y)
        with torch.no_grad():
            probs = soften(self.teacher(x_adv), self.temperature)
        targets = self.mixture * probs + (1 - self.mixture) * self.hard[index]
        logits = model(x_adv)
        return Loss(cross_entropy(logits, targets).mean(), logits)

    def state_dict(self) -> dict[str, Any]:
        """The fitted temperature and mixture."""
        return {"temperature": self.temperature, "mixture": self.mixture}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take them back."""
        self.temperature, self.mixture = state["temperature"], state["mixture"]


def _likelihood(probs: Tensor, hard: Tensor, mixture: float) -> float:
    """Mean negative log-likelihood of m probs + (1 - m) uniform; the mixture keeps it finite where probs are wrong."""
    mixed = mixture * probs + (1 - mixture) / probs.shape[1]
    return -(mixed * hard).sum(dim=1).clamp_min(1e-12).log().mean().item()


class KdSwa(Objective):
    """min a CE(f(x'), y) + b KD(f(x'), t_std(x')) + c KD(f(x'), t_adv(x')) (Chen et al. 2021); the average is apart."""

    def loss(self, model: nn.Module, x: Tensor, y: Tensor, index: Tensor, epoch: int) -> Loss:
        """See Objective. KD = T^2 CE(softmax(t/T), f/T)."""
        settings, x_adv = self.settings, self.attack_hard(x, y)
        logits = model(x_adv)
        loss = settings.cross_entropy_weight * cross_entropy(logits, y).mean()
        pairs = (("standard", settings.standard_weight), ("at", settings.adversarial_weight))
        for name, weight in pairs:
            with torch.no_grad():
                probs = soften(self.setup.teachers[name](x_adv), settings.temperature)
            distance = cross_entropy(logits / settings.temperature, probs).mean()
            loss = loss + weight * settings.temperature**2 * distance
        return Loss(loss, logits)


class Ard(Objective):
    """min a T^2 KL(t(x) || f(x')) + (1 - a) CE(f(x), y), a = 1, T = 30 (Goldblum et al. 2020); for Table 1."""

    alpha, temperature = 1.0, 30.0

    def loss(self, model: nn.Module, x: Tensor, y: Tensor, index: Tensor, epoch: int) -> Loss:
        """See Objective. KL averages over classes too, as in the published code."""
        logits, clean = model(self.attack_hard(x, y)), model(x)
        with torch.no_grad():
            probs = soften(self.setup.teachers["at"](x), self.temperature)
        distance = kl_divergence(probs, logits / self.temperature).mean() / logits.shape[1]
        natural = cross_entropy(clean, y).mean()
        return Loss(self.alpha * self.temperature**2 * distance + (1 - self.alpha) * natural, logits)


class Rslad(Objective):
    """min 5/6 KL(t(x) || f(x')) + 1/6 KL(t(x) || f(x)), x' maximising the first KL (Zi et al. 2021); for Table 1."""

    def loss(self, model: nn.Module, x: Tensor, y: Tensor, index: Tensor, epoch: int) -> Loss:
        """See Objective. KL averages over classes too, as in the published code."""
        with torch.no_grad():
            probs = self.setup.teachers["at"](x).softmax(dim=1)
        logits = model(self.attack(x, lambda z: kl_divergence(probs, z), "gaussian"))
        robust, natural = kl_divergence(probs, logits).mean(), kl_divergence(probs, model(x)).mean()
        return Loss((5 / 6 * robust + 1 / 6 * natural) / logits.shape[1], logits)
