"""Accuracy, image by image. The network must be in eval mode; nothing of it is changed."""

from collections.abc import Callable

import torch
from torch import Tensor

from sglr.attacks.pgd import pgd
from sglr.attacks.threat import LinfBall
from sglr.data.images import ImageSet
from sglr.objectives.losses import cross_entropy

Classifier = Callable[[Tensor], Tensor]


@torch.no_grad()
def in_batches(function: Classifier, x: Tensor, batch_size: int) -> Tensor:
    """Return `function` of images `x` (N, ...), of so many at a time, without a gradient."""
    return torch.cat([function(part) for part in x.split(batch_size)])


def predictions(model: Classifier, x: Tensor, batch_size: int) -> Tensor:
    """Return the predicted classes (N,) of images `x`."""
    return in_batches(model, x, batch_size).argmax(1)


def correct_natural(model: Classifier, images: ImageSet, batch_size: int) -> Tensor:
    """Return which images are classified correctly, bool (N,)."""
    return predictions(model, images.pixels(), batch_size) == images.labels


def correct_under_pgd(
    model: Classifier,
    images: ImageSet,
    *,
    ball: LinfBall,
    step_size: float,
    num_steps: int,
    seed: int,
    batch_size: int,
    attacked: Classifier | None = None,
) -> Tensor:
    """Return which images stay correct under PGD on cross-entropy, one random start from `seed`, bool (N,).

    `attacked` is a cheaper copy of the model on which the images are searched; `model` itself judges them.
    """
    x, generator = images.pixels(), torch.Generator().manual_seed(seed)
    starts = ball.random_start(x, generator)
    correct = []
    for part, start, y in zip(*(t.split(batch_size) for t in (x, starts, images.labels)), strict=True):
        x_adv = pgd(
            attacked or model,
            part,
            lambda logits, y=y: cross_entropy(logits, y),  # type: ignore[misc]
            ball=ball,
            step_size=step_size,
            num_steps=num_steps,
            start=start,
        )
        correct.append(predictions(model, x_adv, batch_size) == y)
    return torch.cat(correct)
