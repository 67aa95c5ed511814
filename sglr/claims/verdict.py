"""The one rule from a measured value to a verdict; docs/claims.md says it in words. Imports no torch."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sglr.collected.paired import mean_interval
from sglr.collected.results import NotRun

Word = Literal["reproduced", "partly", "not reproduced", "not run"]
Basis = Literal["seeds", "test images", "epochs", "values of r", "none", "exact"]


@dataclass(frozen=True)
class Evidence:
    """A measured value, what it may be worth, and over what: `low` to `high` is a 95 % interval, None without one."""

    value: float
    low: float | None = None
    high: float | None = None
    seeds: int = 1
    deviation: float | None = None
    basis: Basis = "none"


@dataclass(frozen=True)
class Verdict:
    """A verdict and, in words, why not a stronger one."""

    word: Word
    why: str


def over(
    values: Iterable[float], basis: Basis = "seeds", *, seeds: int | None = None
) -> Evidence:
    """Return mean, sample deviation and Student's 95 % interval of `values`; no interval for a single one.

    Raises NotRun for no values and for values that are not finite.
    """
    found = np.array(list(values), dtype=float)
    if not len(found):
        raise NotRun("no values")
    if not np.isfinite(found).all():
        raise NotRun("a value is not finite")
    seeds = len(found) if seeds is None else seeds
    if len(found) == 1:
        return Evidence(float(found[0]), seeds=seeds)
    deviation = float(found.std(ddof=1)) if basis == "seeds" else None
    return Evidence(*mean_interval(found), seeds, deviation, basis)


def exact(value: float) -> Evidence:
    """A value that no seed can change: a count, or an identity's error."""
    return Evidence(value, basis="exact")


def above(evidence: Evidence, margin: float) -> Verdict:
    """Judge "the value is above `margin`".

    Reproduced needs an interval that lies above it: over seeds, or, with one seed, over test images. Without one a
    value on the right side is partly, one on the wrong side not reproduced.
    """
    holds = evidence.value > margin
    if evidence.basis == "exact":
        return Verdict("reproduced" if holds else "not reproduced", "exact")
    if evidence.low is None or evidence.high is None:
        return Verdict(
            "partly" if holds else "not reproduced", f"{_seeds(evidence)}, no interval"
        )
    decided = not evidence.low <= margin <= evidence.high
    if holds:
        why = (
            "interval excludes the other side"
            if decided
            else "within the interval's noise"
        )
        return Verdict(
            "reproduced" if decided else "partly", f"{_basis(evidence)}: {why}"
        )
    why = "the opposite holds" if decided else "undecided, within the interval's noise"
    return Verdict("not reproduced", f"{_basis(evidence)}: {why}")


def near(evidence: Evidence, target: float, tolerance: float) -> Verdict:
    """Judge "the value is `target`": reproduced within the tolerance, partly within twice as much or with one seed."""
    distance = abs(evidence.value - target)
    if evidence.basis == "exact":
        return Verdict(
            "reproduced" if distance <= tolerance else "not reproduced", "exact"
        )
    why = f"{_seeds(evidence)}, {distance:.1f} away"
    if distance > 2 * tolerance:
        return Verdict("not reproduced", why)
    return Verdict(
        "reproduced" if distance <= tolerance and evidence.seeds > 1 else "partly", why
    )


def together(parts: dict[str, Verdict]) -> Verdict:
    """Judge a claim of several parts: the word they share, or partly; parts not run leave partly at most."""
    if len(parts) == 1:
        return next(iter(parts.values()))
    words = {verdict.word for verdict in parts.values()}
    if words == {"not run"}:
        return Verdict(
            "not run",
            "; ".join(dict.fromkeys(verdict.why for verdict in parts.values())),
        )
    same: dict[str, list[str]] = {}
    for name, verdict in parts.items():
        short = (
            verdict.word
            if verdict.word == "not run"
            else f"{verdict.word} ({verdict.why})"
        )
        same.setdefault(short, []).append(name)
    reasons = "; ".join(f"{', '.join(names)}: {short}" for short, names in same.items())
    return Verdict(words.pop() if len(words) == 1 else _mixed(words), reasons)


def _mixed(words: set[Word]) -> Word:
    """Nothing seen to hold, even in part, is not reproduced though other parts were not run."""
    return "not reproduced" if words == {"not reproduced", "not run"} else "partly"


def _seeds(evidence: Evidence) -> str:
    return "one seed" if evidence.seeds == 1 else f"{evidence.seeds} seeds"


def _basis(evidence: Evidence) -> str:
    over_what = f"interval over {evidence.basis}"
    return (
        over_what
        if evidence.basis == "seeds"
        else f"{_seeds(evidence)}, {over_what}, not over seeds"
    )
