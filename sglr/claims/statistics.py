"""What a value is worth: seeds and images resampled together, Student, and Holm.

Every test is a pair (standard error, degrees of freedom) of Student's t.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
from scipy.stats import t

Array = np.ndarray
Test = tuple[float, float]  # standard error, degrees of freedom

LEVEL = 0.05
_RESAMPLES = 2000


@cache
def _weights(count: int, seed: int) -> Array:
    """How often each of `count` units is drawn, as shares, (resamples, count)."""
    generator = np.random.default_rng(seed)
    shares = np.full(count, 1 / count)
    return generator.multinomial(count, shares, _RESAMPLES).astype(np.float32) / count


def resampled_means(values: Array) -> Array:
    """Return the mean of `values`, (seeds, images), in each of 2,000 resamples.

    Seeds and images are drawn independently, with replacement, and a drawn pair is the
    value of that seed on that image (the crossed or pigeonhole bootstrap, Owen 2007).
    What seeds differ by is first stretched by sqrt(S / (S - 1)), since drawing S of S
    shows that much less of it (Rao and Wu 1988); with one seed only images are drawn.
    """
    seeds, images = values.shape
    by_image = values.mean(axis=0)
    if seeds > 1:
        values = by_image + (values - by_image) * np.sqrt(seeds / (seeds - 1))
    by_seed = _weights(images, 1) @ values.T
    return (by_seed * _weights(seeds, 0)).sum(axis=1)


def crossed(values: Array) -> Test:
    """Return the bootstrap's standard error of the mean of (seeds, images), and its degrees
    of freedom by Satterthwaite: S - 1 where seeds decide, many where images do."""
    seeds, images = values.shape
    error = float(resampled_means(values).std())
    of_images = values.mean(axis=0).var(ddof=1) / images
    of_seeds = values.mean(axis=1).var(ddof=1) / seeds if seeds > 1 else 0.0
    parts = of_seeds**2 / max(seeds - 1, 1) + of_images**2 / (images - 1)
    freedom = (of_seeds + of_images) ** 2 / parts if parts else np.inf
    return error, float(freedom)


def student(values: Sequence[float] | Array) -> Test:
    """Return the standard error of the mean of at least two values, and n - 1."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values))), len(values) - 1.0


def pooled(groups: Sequence[Array]) -> Test | None:
    """Return by how much one seed differs from the mean of seeds: the standard deviation
    within `groups` of at least two values each; None without any."""
    freedom = sum(len(group) - 1 for group in groups)
    squares = sum(((group - group.mean()) ** 2).sum() for group in groups)
    return (float(np.sqrt(squares / freedom)), float(freedom)) if freedom else None


def p_above(value: float, bound: float, tests: Sequence[Test]) -> float:
    """Return the one-sided p-value of "the true value is above `bound`", of the weakest of
    `tests`; 1 without any."""
    return max((_tail(value - bound, *test) for test in tests), default=1.0)


def _tail(distance: float, error: float, freedom: float) -> float:
    if error == 0:  # every value is the same
        return 0.0 if distance > 0 else 1.0
    return float(t.sf(distance / error, freedom))


def reach(tests: Sequence[Test]) -> float:
    """Return half the 95 % interval of the weakest of `tests`: what is smaller they cannot
    tell from nothing; infinite without any."""
    reaches = [error * float(t.ppf(1 - LEVEL / 2, free)) for error, free in tests]
    return max(reaches, default=np.inf)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p-values corrected for being several, by Holm's step-down rule: right
    however they depend on each other (Holm 1979)."""
    from statsmodels.stats.multitest import multipletests  # a second, for claims alone

    return multipletests(p_values, method="holm")[1].tolist() if p_values else []
