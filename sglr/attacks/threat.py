"""The threat models: what an attack may do to an image. Lengths are in units of pixels in [0, 1]."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from sglr.plan.scales import AttackSpec


@dataclass(frozen=True)
class LinfBall:
    """The l-infinity ball of radius `epsilon` (in units of pixels in [0, 1]) around an image, cut to [0, 1]."""

    norm: ClassVar[str] = "linf"
    epsilon: float

    def random_start(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Return x (N, C, H, W) plus uniform noise from [-epsilon, epsilon], cut to [0, 1]."""
        noise = torch.rand(
            x.shape, generator=generator, dtype=x.dtype, device=generator.device
        ).to(x.device)
        return self.project(x + (2 * noise - 1) * self.epsilon, x)

    def steepest(self, gradient: Tensor) -> Tensor:
        """Return the direction of steepest ascent, the sign of the gradient."""
        return gradient.sign()

    def project(self, x_adv: Tensor, x: Tensor) -> Tensor:
        """Return the nearest point to `x_adv` inside the ball around `x` and inside [0, 1]."""
        return torch.clamp(
            torch.minimum(torch.maximum(x_adv, x - self.epsilon), x + self.epsilon),
            0,
            1,
        )

    def distance(self, x_adv: Tensor, x: Tensor) -> Tensor:
        """Return how far each image has been moved, (N,)."""
        return (x_adv - x).flatten(1).abs().amax(1)


@dataclass(frozen=True)
class L2Ball:
    """The Euclidean ball of radius `epsilon` around an image, cut to [0, 1]."""

    norm: ClassVar[str] = "l2"
    epsilon: float

    def random_start(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Return x (N, C, H, W) moved in a random direction by a uniform share of epsilon, cut to [0, 1].

        As Rice et al. 2020; it is not uniform in the ball, nearly all of which lies at its surface.
        """
        noise = torch.randn(
            x.shape, generator=generator, dtype=x.dtype, device=generator.device
        ).to(x.device)
        share = torch.rand(
            len(x), 1, 1, 1, generator=generator, device=generator.device
        ).to(x)
        return self.project(x + self.epsilon * share * _unit(noise), x)

    def steepest(self, gradient: Tensor) -> Tensor:
        """Return the direction of steepest ascent, the gradient at length 1; where it is 0, 0."""
        return _unit(gradient)

    def project(self, x_adv: Tensor, x: Tensor) -> Tensor:
        """Return `x_adv` drawn back to the ball around `x`, then cut to [0, 1], which leaves it in the ball."""
        change = x_adv - x
        shorter = (self.epsilon / _length(change)).clamp(max=1)
        return torch.clamp(x + change * shorter, 0, 1)

    def distance(self, x_adv: Tensor, x: Tensor) -> Tensor:
        """Return how far each image has been moved, (N,)."""
        return (x_adv - x).flatten(1).norm(dim=1)


Ball = LinfBall | L2Ball


def threat_model(attack: AttackSpec) -> Ball:
    """Return the ball that a scale's attack moves in."""
    return {ball.norm: ball for ball in (LinfBall, L2Ball)}[attack.norm](attack.epsilon)


def _unit(direction: Tensor) -> Tensor:
    return direction / _length(direction)


def _length(x: Tensor) -> Tensor:
    """The Euclidean norm of each image, (N, 1, 1, 1), kept from 0."""
    return x.flatten(1).norm(dim=1).clamp_min(1e-12)[:, None, None, None]
