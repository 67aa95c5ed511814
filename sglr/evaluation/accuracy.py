"""Accuracy, image by image. The network must be in eval mode; nothing of it is changed."""

import torch
from torch import Tensor

from sglr.attacks.attack import Attack
from sglr.attacks.images import attack_images
from sglr.attacks.pgd import Network
from sglr.attacks.threat import Ball
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
    ball: Ball,
    step_size: float,
    num_steps: int,
    batch_size: int,
    attacked: Network | None = None,
) -> Tensor:
    """Return which images stay correct under PGD on cross-entropy from one fixed random start, bool (N,).

    `attacked` is a cheaper copy of the model on which the images are searched; `model` itself judges them.
    """
    attack = Attack(attacked or model, ball, step_size, num_steps)
    return correct_under(attack, model, images, batch_size)


def correct_under(
    attack: Attack,
    model: Network,
    images: ImageSet,
    batch_size: int,
    starts: Tensor | None = None,
) -> Tensor:
    """Return which images the `model` gets right once the attack has moved them, bool (N,)."""
    x_adv = attack_images(attack, images, batch_size, starts)
    return predictions(model, x_adv, batch_size) == images.labels
