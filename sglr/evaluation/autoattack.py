"""AutoAttack, standard version, through the package, and recounted."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sglr.attacks.threat import L2Ball, LinfBall
from sglr.data.images import ImageSet
from sglr.evaluation.accuracy import predictions
from sglr.files.errors import UsageError

try:
    from autoattack import AutoAttack  # type: ignore[import-not-found]

    BATCH_SIZE = "bs"
except ImportError:
    # The same attacks, on the package index; what else is measured does without.
    AutoAttack = None
    with suppress(ImportError):
        from pyautoattack import AutoAttack

    BATCH_SIZE = "batch_size"

NORMS = {"linf": "Linf", "l2": "L2"}  # as the package calls them
ATTACKS = ("apgd-ce", "apgd-t", "fab-t", "square")


@dataclass(frozen=True)
class AutoAttackResult:
    """`correct` (N,) under every attack, and how many images were still correct after each attack in turn."""

    correct: Tensor
    robust_after: dict[str, int]


def run_autoattack(
    model: nn.Module,
    images: ImageSet,
    *,
    ball: LinfBall | L2Ball,
    seed: int,
    batch_size: int,
    searched: nn.Module | None = None,
) -> AutoAttackResult:
    """Return which images survive AutoAttack standard (Croce and Hein 2020); natural errors count as failures.

    Each attack gets the images that are still correct, as in the package's own loop. Success is recounted on the
    returned images. Raises UsageError where an image lies outside the ball or outside [0, 1].

    Args:
        searched: a cheaper copy of the model. All four attacks search on it first, and the model judges what they
            find. What is still correct is then attacked on the model itself: by both APGDs, and by the other two where
            the copy was fooled and the model was not. Differs from the package: nothing else meets FAB and Square on
            the model itself.
    """
    x, y = images.pixels(), images.labels
    correct = predictions(model, x, batch_size) == y
    doubtful = torch.zeros_like(correct)  # the copy was fooled, the model was not
    robust_after = {}
    for name, attack, victim in _rounds(model, searched):
        verifying = searched is not None and victim is model
        left = (
            correct & doubtful
            if verifying and not attack.startswith("apgd")
            else correct
        ).nonzero()[:, 0]
        if len(left):
            x_adv = _attack(victim, attack, x[left], y[left], ball, seed, batch_size)
            check_inside(x_adv, x[left], ball)
            correct[left] = predictions(model, x_adv, batch_size) == y[left]
            doubtful[left] |= predictions(victim, x_adv, batch_size) != y[left]
        robust_after[name] = int(correct.sum())
    return AutoAttackResult(correct, robust_after)


def _rounds(
    model: nn.Module, searched: nn.Module | None
) -> list[tuple[str, str, nn.Module]]:
    """Name, attack and attacked network, in order."""
    search = (
        [(f"search {attack}", attack, searched) for attack in ATTACKS]
        if searched is not None
        else []
    )
    return search + [(attack, attack, model) for attack in ATTACKS]


def _attack(
    model: nn.Module,
    attack: str,
    x: Tensor,
    y: Tensor,
    ball: LinfBall | L2Ball,
    seed: int,
    batch_size: int,
) -> Tensor:
    """The images that one attack of the standard version returns."""
    return standard_autoattack(model, x, y, ball, seed, batch_size, [attack])


def standard_autoattack(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    ball: LinfBall | L2Ball,
    seed: int,
    batch_size: int,
    attacks: Sequence[str] = ATTACKS,
) -> Tensor:
    """Return the images (N, C, H, W) of the package's own run of these attacks on `x`, `y` (N,).

    Raises UsageError where no package has it.
    """
    if AutoAttack is None:
        raise UsageError("AutoAttack is not installed: pip install pyautoattack")
    run = AutoAttack(
        model,
        norm=NORMS[ball.norm],
        eps=ball.epsilon,
        seed=seed,
        version="standard",
        device=str(x.device),
    )
    run.attacks_to_run = list(attacks)
    # The attacks' batches shrink as images fall: cuDNN would try all its kernels for every size.
    tried = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = False
    try:
        with torch.random.fork_rng(devices=[x.device] if x.is_cuda else []):
            result = run.run_standard_evaluation(x, y, **{BATCH_SIZE: batch_size})
    finally:
        torch.backends.cudnn.benchmark = tried
    return result[0] if isinstance(result, tuple) else result


def check_inside(x_adv: Tensor, x: Tensor, ball: LinfBall | L2Ball) -> None:
    """Raise UsageError unless all of `x_adv` lies in the ball around `x` and in [0, 1]."""
    distance = ball.distance(x_adv, x).max().item()
    if not distance <= ball.epsilon + 1e-6:
        raise UsageError(
            f"AutoAttack returned an image at distance {distance:g}, outside epsilon {ball.epsilon:g}"
        )
    low, high = x_adv.min().item(), x_adv.max().item()
    if low < 0 or high > 1:
        raise UsageError(
            f"AutoAttack returned pixels within [{low:g}, {high:g}], outside [0, 1]"
        )
