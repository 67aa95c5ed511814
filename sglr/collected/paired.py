"""Differences of accuracy on the same images, with what they may be worth. Imports no torch."""

from collections.abc import Sequence

import numpy as np
import scipy  # which imports `scipy.stats`, half a second, where it is first used

_RESAMPLES = 2000


def paired_difference(one: str, other: str) -> dict[str, float]:
    """Return accuracy of `one` minus that of `other`, its 95 % interval over images, and McNemar's exact p-value.

    The interval is the percentile bootstrap of the images, from a fixed seed. It says nothing of other seeds of the
    trainings.

    Args:
        one, other: the same N images in the same order, "1" where correct and "0" where not.
    """
    differences = _bits(one) - _bits(other)
    wins = int((differences > 0).sum())
    losses = int((differences < 0).sum())
    low, high = _interval(differences)
    p_value = (
        scipy.stats.binomtest(wins, wins + losses).pvalue if wins + losses else 1.0
    )
    return {
        "difference": float(differences.mean()),
        "low": low,
        "high": high,
        "p_value": float(p_value),
    }


def mean_interval(values: Sequence[float] | np.ndarray) -> tuple[float, float, float]:
    """Return the mean of at least two values, such as seeds', and its 95 % Student interval, low and high."""
    mean, error = float(np.mean(values)), float(scipy.stats.sem(values))
    quantile = float(scipy.stats.t.ppf(0.975, len(values) - 1))
    half = error * quantile
    return mean, mean - half, mean + half


def _bits(text: str) -> np.ndarray:
    return np.frombuffer(text.encode(), dtype=np.uint8).astype(np.int64) - ord("0")


def _interval(differences: np.ndarray) -> tuple[float, float]:
    if (differences == differences[0]).all():  # nothing to resample
        return float(differences[0]), float(differences[0])
    generator = np.random.default_rng(0)
    found = scipy.stats.bootstrap(
        (differences,),
        np.mean,
        n_resamples=_RESAMPLES,
        method="percentile",
        rng=generator,
    )
    return float(found.confidence_interval.low), float(found.confidence_interval.high)
