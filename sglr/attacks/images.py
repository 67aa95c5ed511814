"""PGD on a whole set of images, as every evaluation takes it."""

import torch
from torch import Tensor

from sglr.attacks.attack import Attack
from sglr.attacks.threat import Ball
from sglr.data.images import ImageSet
from sglr.files.errors import UsageError
from sglr.methods.losses import cross_entropy


def attack_images(
    attack: Attack, images: ImageSet, batch_size: int, starts: Tensor | None = None
) -> Tensor:
    """Return PGD images (N, C, H, W) that raise the cross-entropy of the attacked network, a batch at a time.

    There is one random start, the same at every call, so that networks are compared on the same one; who calls often
    keeps the `fixed_start` and gives it. Raises UsageError where an image is not finite, as a gradient that is not
    may leave it: who answers that with a class would count.
    """
    x = images.pixels()
    starts = fixed_start(attack.ball, x) if starts is None else starts
    parts = zip(*(t.split(batch_size) for t in (x, starts, images.labels)), strict=True)
    x_adv = torch.cat(
        [attack(part, start, cross_entropy, y) for part, start, y in parts]
    )
    if not x_adv.isfinite().all():
        raise UsageError(
            "the network's gradient is not finite, and so no attack: nothing of it is measured"
        )
    return x_adv


def fixed_start(ball: Ball, x: Tensor) -> Tensor:
    """Return the start of every evaluation's attack on `x` (N, C, H, W), the same on every device."""
    return ball.random_start(x, torch.Generator().manual_seed(0))
