"""AutoAttack, standard version, through the package, batch by batch, and recounted."""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor, nn

from sglr.attacks.threat import Ball
from sglr.data.images import ImageSet
from sglr.engine.device import without_autotuning
from sglr.engine.underway import NOT_KEPT, Part, Underway
from sglr.evaluation.accuracy import predictions
from sglr.evaluation.saying import AttackProgress
from sglr.files.errors import UsageError
from sglr.files.settings import exact

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


@dataclass
class AutoAttackResult:
    """What is left of N images.

    `correct` (N,) under every attack so far; `images` (N, C, H, W), adversarial where one was found, else as they were;
    how many images were still correct after each attack in turn, seconds of each, and what the package had to say.
    """

    correct: Tensor
    images: Tensor
    robust_after: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)


def run_autoattack(
    model: nn.Module,
    images: ImageSet,
    *,
    ball: Ball,
    seed: int,
    batch_size: int,
    searched: nn.Module | None = None,
    underway: Underway = NOT_KEPT,
    name: str = "AutoAttack",
) -> AutoAttackResult:
    """Return which images survive AutoAttack standard (Croce and Hein 2020); natural errors count as failures.

    Each attack gets the images that are still correct, as in the package's own loop, a batch at a time: the package
    seeds each batch alike, so whether the batches before it were computed now or kept by `underway` changes no bit.
    Success is recounted on the returned images. Raises UsageError where an image lies outside the ball or outside
    [0, 1].

    Args:
        searched: a cheaper copy of the model. All four attacks search on it first, and the model judges what they
            find. What is still correct is then attacked on the model itself: by both APGDs and Square, and by FAB where
            the copy and the model have disagreed. Differs from the package: nothing else meets FAB on the model itself.
        underway: where finished batches are kept. name: what the network is called in the log and among the parts.
    """
    x, y = images.pixels(), images.labels
    result = AutoAttackResult(predictions(model, x, batch_size) == y, x.clone())
    # The attacked copy was wrong, the model was not: first of all without an attack.
    doubtful = predictions(searched or model, x, batch_size) != y
    rounds = _rounds(model, searched)
    progress = AttackProgress(name, [attack for _, attack, _ in rounds], len(y))
    for title, attack, victim in rounds:
        verifying = searched is not None and victim is model
        only_doubtful = verifying and attack == "fab-t"
        wanted = result.correct & doubtful if only_doubtful else result.correct
        batches = wanted.nonzero()[:, 0].split(batch_size)
        progress.begin(title, sum(map(len, batches)))
        seconds = 0.0
        for number, index in enumerate(batches if wanted.any() else ()):
            few = (x[index], y[index])
            compute = partial(
                _batch, model, victim, attack, *few, ball, seed, batch_size
            )
            part = underway.part(f"{name}-{title}-{number}".replace(" ", "-"), compute)
            fallen = part["fallen"].to(index.device)
            result.correct[index[fallen]] = False
            result.images[index[fallen]] = part["images"].to(x.device)
            doubtful[index] |= part["fooled"].to(index.device)
            result.log += part["log"]
            seconds += part["seconds"]
            progress.batch(len(index), part["seconds"])
        result.robust_after[title] = int(result.correct.sum())
        result.seconds[title] = seconds
        result.log.append(progress.end(result.robust_after[title]))
    progress.close()
    return result


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


def _batch(
    model: nn.Module,
    victim: nn.Module,
    attack: str,
    x: Tensor,
    y: Tensor,
    ball: Ball,
    seed: int,
    batch_size: int,
) -> Part:
    """What one attack does to one batch: which images fall, their adversarial ones, which fool the attacked network."""
    started = time.perf_counter()
    with _listening() as said:
        x_adv = _attack(victim, attack, x, y, ball, seed, batch_size)
    check_inside(x_adv, x, ball)
    fallen = predictions(model, x_adv, batch_size) != y
    return {
        "fallen": fallen,
        "images": x_adv[fallen].contiguous(),
        "fooled": predictions(victim, x_adv, batch_size) != y,
        "log": said,
        "seconds": time.perf_counter() - started,
    }


def _attack(
    model: nn.Module,
    attack: str,
    x: Tensor,
    y: Tensor,
    ball: Ball,
    seed: int,
    batch_size: int,
) -> Tensor:
    """The images that one attack of the standard version returns."""
    return standard_autoattack(model, x, y, ball, seed, batch_size, [attack])


def standard_autoattack(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    ball: Ball,
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
    # The attacks' batches shrink as images fall.
    seeded = torch.random.fork_rng(devices=[x.device] if x.is_cuda else [])
    with without_autotuning(), seeded:
        result = run.run_standard_evaluation(x, y, **{BATCH_SIZE: batch_size})
    return result[0] if isinstance(result, tuple) else result


class _Lines(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line."""
        self.said.append(record.getMessage())


@contextmanager
def _listening() -> Iterator[list[str]]:
    """What the package logs within; its warnings tell of masked gradients and randomised predictions."""
    logger, lines = logging.getLogger("auto-attack"), _Lines()
    before = logger.level, logger.propagate
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(lines)
    try:
        yield lines.said
    finally:
        logger.removeHandler(lines)
        logger.level, logger.propagate = before


def check_inside(x_adv: Tensor, x: Tensor, ball: Ball) -> None:
    """Raise UsageError unless all of `x_adv` lies in the ball around `x` and in [0, 1]."""
    distance = ball.distance(x_adv, x).max().item()
    if not distance <= ball.epsilon + 1e-6:
        raise UsageError(
            f"AutoAttack returned an image at distance {exact(distance)}, outside epsilon {exact(ball.epsilon)}"
        )
    low, high = x_adv.min().item(), x_adv.max().item()
    if low < 0 or high > 1:
        raise UsageError(
            f"AutoAttack returned pixels within [{exact(low)}, {exact(high)}], outside [0, 1]"
        )
