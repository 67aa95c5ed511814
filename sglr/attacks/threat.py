"""The threat model: what an attack may do to an image."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class LinfBall:
    """The l-infinity ball of radius `epsilon` (in units of pixels in [0, 1]) around an image, cut to [0, 1]."""

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
