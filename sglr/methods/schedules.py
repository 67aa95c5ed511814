"""Schedules over epochs, 1-based; a shortened training keeps the proportions of the paper's 200 epochs."""

import math

_PAPER_EPOCHS = 200
DROPS = (0.5, 0.75)  # of the learning rate, as shares of training


def start_epoch(fraction: float, epochs: int) -> int:
    """Return the first epoch (1-based) of a phase that starts at `fraction` of training: 0.45 of 200 is 90."""
    return max(1, math.ceil(fraction * epochs - 1e-9))


def learning_rate(epoch: int, epochs: int, base: float) -> float:
    """Return the learning rate of `epoch`: x 0.1 from 50 % and again from 75 % (epochs 100 and 150 of 200).

    The first epoch has the base rate, however few epochs there are.
    """
    drops = sum(epoch >= max(2, start_epoch(fraction, epochs)) for fraction in DROPS)
    return base * 0.1**drops


def label_decay(epochs: int, decay_at_200: float) -> float:
    """Return the decay of label averages for `epochs`, so that (1 - decay) x epochs is what it is at 200 epochs."""
    return max(0.0, 1 - (1 - decay_at_200) * _PAPER_EPOCHS / epochs)


def te_weight(
    epoch: int, epochs: int, *, weight: float, start: float, ramp_end: float
) -> float:
    """Return the weight of TE's squared term: 0 before `start`, a Gaussian ramp to `ramp_end`, `weight` after.

    Dong et al. 2022: weight x exp(-5 (1 - t)^2) with t from 0 to 1 along the ramp.
    """
    first, last = start * epochs, ramp_end * epochs
    if epoch < start_epoch(start, epochs):
        return 0.0
    progress = min(1.0, (epoch - first) / (last - first))
    return weight * math.exp(-5 * (1 - progress) ** 2)
