"""What a training step of one method costs beside another's: steps of all in turn, in one process."""

import time
from itertools import cycle, islice
from pathlib import Path

import torch

from sglr.data import load_splits
from sglr.data.batches import Batches
from sglr.models.layout import memory_format
from sglr.plan.runs import make_run
from sglr.plan.scales import Engine, Scale
from sglr.training.build import build_recipe
from sglr.training.recipe import Recipe

# Name -> method. PGD-AT twice: beside itself it must cost nothing. AWP, which does cost more.
TIMED = {
    "at": "at",
    "at_again": "at",
    "sglr": "sglr",
    "sglr_released": "sglr_released",
    "awp": "awp",
}


def step_seconds(
    scale: Scale, device: torch.device, engine: Engine, repetitions: int
) -> dict[str, list[float]]:
    """Return name -> seconds of one training step, labels being refined, for each repetition.

    All take the same batch, each repetition another one; who is first goes round, so that neither the machine's drift
    nor the one before favours any. A CPU's seconds are the process's own.
    """
    splits = load_splits(
        scale.data[scale.roles.ten_classes], label_noise=0.0, seed=0
    ).to(device)
    generator = torch.Generator(device).manual_seed(0)
    recipes = {}
    for name, method in TIMED.items():
        run = make_run(scale.roles.ten_classes, method)
        own = torch.Generator(device).manual_seed(0)
        recipes[name] = build_recipe(run, scale, splits, Path(), own, engine)
        recipes[name].begin_epoch(scale.adversarial.learning_rate)
    batches = Batches(
        splits.train,
        scale.adversarial.batch_size,
        generator,
        augmented=False,
        memory_format=memory_format(recipes["at"].model, engine.channels_last),
    )
    seconds: dict[str, list[float]] = {name: [] for name in TIMED}
    endless = (
        batch for _ in cycle([0]) for batch in batches.following(batches.order())
    )
    for number, (x, index) in enumerate(islice(endless, repetitions + 1)):
        turn = number % len(TIMED)
        for name in [*TIMED, *TIMED][turn : turn + len(TIMED)]:
            spent = _timed(recipes[name], x, index, scale.adversarial.epochs)
            if number:  # the first warms up
                seconds[name].append(spent)
    return seconds


def _timed(recipe: Recipe, x: torch.Tensor, index: torch.Tensor, epoch: int) -> float:
    clock = time.perf_counter if x.is_cuda else time.process_time
    _wait(x)
    started = clock()
    recipe.step(x, index, epoch)
    _wait(x)
    return clock() - started


def _wait(x: torch.Tensor) -> None:
    if x.is_cuda:
        torch.cuda.synchronize(x.device)
