"""From what was measured to a word; docs/claims.md says the same at more length."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from sglr.claims.statistics import LEVEL, Test, crossed, p_above, reach, student
from sglr.collected.results import NotRun

Word = Literal[
    "reproduced", "contradicted", "undecided", "not testable here", "not run"
]
WORDS: tuple[Word, ...] = (
    "reproduced",
    "contradicted",
    "undecided",
    "not testable here",
    "not run",
)


@dataclass(frozen=True)
class Evidence:
    """A measured value, and the tests that all must agree before it decides anything.

    `low` to `high` is the 95 % interval of the first test, `basis` what it is over, `note`
    what a reader must know. `deviation` is over seeds. An exact value has no tests.
    """

    value: float
    tests: tuple[Test, ...] = ()
    basis: str = "one seed"
    seeds: int = 1
    deviation: float | None = None
    exact: bool = False
    note: str = ""
    images: int | None = None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the first test."""
        if not self.tests:
            return None
        half = reach(self.tests[:1])
        return self.value - half, self.value + half

    @property
    def decides(self) -> bool:
        """Whether anything says what the value is worth."""
        return self.exact or bool(self.tests)

    def above(self, bound: float) -> float:
        """Return the one-sided p-value of "above `bound`"."""
        if self.exact:
            return 0.0 if self.value > bound else 1.0
        return p_above(self.value, bound, self.tests)

    def below(self, bound: float) -> float:
        """Return the one-sided p-value of "below `bound`"."""
        if self.exact:
            return 0.0 if self.value < bound else 1.0
        return p_above(-self.value, -bound, self.tests)


def exact(value: float) -> Evidence:
    """A value that no seed can change: a count, or an identity's error."""
    return Evidence(float(value), basis="exact", exact=True)


def over_seeds(values: Iterable[float]) -> Evidence:
    """Return a mean with Student's test over seeds; a single value decides nothing.

    Raises NotRun for no values and for values that are not finite.
    """
    found = np.array(list(values), dtype=float)
    if not len(found):
        raise NotRun("no values")
    if not np.isfinite(found).all():
        raise NotRun("a value is not finite")
    if len(found) == 1:
        return Evidence(float(found[0]), basis="one seed, no interval")
    deviation = float(found.std(ddof=1))
    tests = (student(found),)
    basis = f"{len(found)} seeds"
    return Evidence(float(found.mean()), tests, basis, len(found), deviation)


def over_images(values: np.ndarray, between: Test | None) -> Evidence:
    """Return the mean of (seeds, images), by the crossed bootstrap.

    Few seeds decide nothing that seeds are known to differ by: two that are close to each
    other by chance look surer than they are. `between` is by how much one seed differs from
    the mean of many, and both tests must agree; None: it is not known, and one seed then
    decides nothing.
    """
    seeds, images = values.shape
    mean, tests = float(values.mean()), [crossed(values)]
    if between:
        error, freedom = between
        tests.append((error / seeds**0.5, freedom))
    if seeds > 1:
        deviation = float(values.mean(axis=1).std(ddof=1))
        basis = f"{seeds} seeds x {images} images"
        return Evidence(mean, tuple(tests), basis, seeds, deviation, images=images)
    if not between:
        tests.append((np.inf, 1.0))
    basis = f"one seed, {images} images"
    return Evidence(mean, tuple(tests), basis, images=images)


@dataclass(frozen=True)
class Rule:
    """A claim's value must lie strictly between two ends, of which one may be infinite."""

    low: float = -np.inf
    high: float = np.inf

    def holds(self, found: Evidence) -> float:
        """Return the p-value of "inside": the larger of two one-sided tests (TOST)."""
        lower = found.above(self.low) if np.isfinite(self.low) else 0.0
        upper = found.below(self.high) if np.isfinite(self.high) else 0.0
        return max(lower, upper)

    def opposite(self, found: Evidence) -> float:
        """Return the p-value of "outside, on the one side or the other"."""
        lower = found.below(self.low) if np.isfinite(self.low) else 1.0
        upper = found.above(self.high) if np.isfinite(self.high) else 1.0
        return min(lower, upper)

    def room(self, value: float) -> float:
        """Return how far inside a value lies, negative outside."""
        return min(value - self.low, self.high - value)

    def __str__(self) -> str:
        if np.isinf(self.high):
            return f"above {self.low:g}"
        if np.isinf(self.low):
            return f"below {self.high:g}"
        middle, margin = (self.high + self.low) / 2, (self.high - self.low) / 2
        return f"{middle:g} within {margin:g}"


def side(holds: float, opposite: float, level: float = LEVEL) -> Word:
    """Return the word of two one-sided p-values, each judged at half the level."""
    if 2 * holds < level:
        return "reproduced"
    return "contradicted" if 2 * opposite < level else "undecided"


@dataclass(frozen=True)
class Parts:
    """The parts of a claim: evidence by name, and of the others why there is none."""

    measured: dict[str, Evidence] = field(default_factory=dict)
    missing: dict[str, tuple[Word, str]] = field(default_factory=dict)

    def holds(self, rule: Rule) -> float:
        """Return the p-value of "every part holds": the largest (intersection-union)."""
        if self.missing or not self.measured:
            return 1.0
        return max(rule.holds(found) for found in self.measured.values())

    def opposite(self, rule: Rule) -> float:
        """Return the p-value of "of some part the opposite holds", for so many parts."""
        found = [rule.opposite(each) for each in self.measured.values()]
        return min(1.0, len(found) * min(found, default=1.0))

    def weakest(self, rule: Rule) -> str:
        """Return the name of the part that says least for the claim; "" without any."""
        strength = {
            name: (rule.opposite(found), rule.room(found.value))
            for name, found in self.measured.items()
        }
        return min(strength, key=strength.__getitem__, default="")

    def counts(self, rule: Rule) -> str:
        """How many parts have each word, by their own 95 % intervals."""
        words = [word for word, _ in self.missing.values()]
        for found in self.measured.values():
            words.append(side(rule.holds(found), rule.opposite(found)))
        counts = Counter(words)
        return ", ".join(f"{counts[word]} {word}" for word in WORDS if counts[word])

    @property
    def unjudged(self) -> Word | None:
        """The word of a claim of which nothing was measured, else None."""
        if self.measured:
            return None
        words = {word for word, _ in self.missing.values()}
        return "not testable here" if words == {"not testable here"} else "not run"
