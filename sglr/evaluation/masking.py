"""Do the network's gradients lead an attack anywhere? Measured, and judged elsewhere (plan/masking.py)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sglr.attacks.threat import Ball
from sglr.data.images import ImageSet
from sglr.engine.device import without_autotuning
from sglr.evaluation.accuracy import in_batches
from sglr.evaluation.autoattack import NORMS, AutoAttack

_NUM_APGD = 50  # a hundred iterations each


def gradient_signs(
    model: nn.Module, images: ImageSet, *, ball: Ball, batch_size: int
) -> dict[str, int]:
    """Return at how many images the gradient of the cross-entropy vanishes, and on how many APGD's loss does not rise.

    The first is of all `images`, whose number is returned too; the second of the first 50 that are classified right,
    comparing APGD's highest loss with that of the image itself. Raises UsageError where outputs are not finite.
    """
    x, y = images.pixels(), images.labels
    batches = zip(x.split(batch_size), y.split(batch_size), strict=True)
    vanishing = sum(_vanishing(model, *batch) for batch in batches)
    right = in_batches(model, x, batch_size).argmax(1) == y
    few = right.nonzero()[:_NUM_APGD, 0]
    stuck = _stuck(model, x[few], y[few], ball) if len(few) else 0
    counts = {"num_images": len(y), "vanishing": vanishing}
    return counts | {"num_apgd": len(few), "apgd_stuck": stuck}


def input_gradients(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Return each image's gradient (N, C, H, W) of its cross-entropy."""
    x = x.clone().requires_grad_(True)
    with torch.enable_grad():
        loss = F.cross_entropy(model(x), y, reduction="sum")
    return torch.autograd.grad(loss, x)[0]


def _vanishing(model: nn.Module, x: Tensor, y: Tensor) -> int:
    return int((input_gradients(model, x, y).flatten(1) == 0).all(1).sum())


def _stuck(model: nn.Module, x: Tensor, y: Tensor, ball: Ball) -> int:
    package = AutoAttack(
        model,
        norm=NORMS[ball.norm],
        eps=ball.epsilon,
        seed=0,
        version="standard",
        device=str(x.device),
    )
    seeded = torch.random.fork_rng(devices=[x.device] if x.is_cuda else [])
    with without_autotuning(), seeded:
        torch.manual_seed(0)
        x_adv = package.apgd.perturb(x, y, best_loss=True)
    with torch.no_grad():
        before, after = (
            F.cross_entropy(model(each), y, reduction="none") for each in (x, x_adv)
        )
    return int((after <= before).sum())
