"""Accuracy, image by image. The network must be in eval mode; nothing of it is changed."""

import torch
from torch import Tensor

from sglr.attacks.images import attack_images
from sglr.attacks.pgd import Network
from sglr.attacks.threat import LinfBall
from sglr.data.images import ImageSet
from sglr.files.errors import UsageError


@torch.no_grad()
def in_batches(function: Network, x: Tensor, batch_size: int) -> Tensor:
    """Return `function` of images `x` (N, ...), of so many at a time, without a gradient.

    Raises UsageError where a value is not finite: argmax of NaN is a class, and would count.
    """
    values = torch.cat([function(part) for part in x.split(batch_size)])
    if not values.isfinite().all():
        raise UsageError(
            "the network's outputs are not finite: nothing of it is measured"
        )
    return values


def predictions(model: Network, x: Tensor, batch_size: int) -> Tensor:
    """Return the predicted classes (N,) of images `x`."""
    return in_batches(model, x, batch_size).argmax(1)


def correct_natural(model: Network, images: ImageSet, batch_size: int) -> Tensor:
    """Return which images are classified correctly, bool (N,)."""
    return predictions(model, images.pixels(), batch_size) == images.labels


def correct_under_pgd(
    model: Network,
    images: ImageSet,
    *,
    ball: LinfBall,
    step_size: float,
    num_steps: int,
    batch_size: int,
    attacked: Network | None = None,
) -> Tensor:
    """Return which images stay correct under PGD on cross-entropy from one fixed random start, bool (N,).

    `attacked` is a cheaper copy of the model on which the images are searched; `model` itself judges them.
    """
    x_adv = attack_images(
        attacked or model,
        images,
        ball=ball,
        step_size=step_size,
        num_steps=num_steps,
        batch_size=batch_size,
    )
    return predictions(model, x_adv, batch_size) == images.labels
