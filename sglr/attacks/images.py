"""PGD on a whole set of images, as every evaluation takes it."""

import torch
from torch import Tensor
from torch.nn import functional as F

from sglr.attacks.pgd import Network, pgd
from sglr.attacks.threat import LinfBall
from sglr.data.images import ImageSet


def attack_images(
    model: Network,
    images: ImageSet,
    *,
    ball: LinfBall,
    step_size: float,
    num_steps: int,
    batch_size: int,
) -> Tensor:
    """Return PGD images (N, C, H, W) that raise the cross-entropy of `model`, a batch at a time.

    There is one random start, the same at every call, so that networks are compared on the same one.
    """
    x = images.pixels()
    starts = ball.random_start(x, torch.Generator().manual_seed(0))
    parts = zip(*(t.split(batch_size) for t in (x, starts, images.labels)), strict=True)
    attacked = [
        pgd(
            model,
            part,
            lambda logits, y=y: F.cross_entropy(logits, y, reduction="none"),  # type: ignore[misc]
            ball=ball,
            step_size=step_size,
            num_steps=num_steps,
            start=start,
        )
        for part, start, y in parts
    ]
    return torch.cat(attacked)
