"""claims.csv and claims_parts.csv as the page reads them: the only place that knows their columns."""

from pathlib import Path
from typing import NamedTuple

from sglr.artefacts.collect import collected_names
from sglr.claims.claim import Claim
from sglr.claims.render import claims
from sglr.claims.words import interval, words_of
from sglr.collected.results import Row, read_results, read_rows
from sglr.files.sums import check_inputs
from sglr.plan.plan import Plan

# What the page shows of a claim and its numbers.
# The page's name -> the words of `words_of`.
_WORDS = {
    **{name: name for name in ("value", "p", "paper")},
    "corrected": "p corrected",
    "tells": "could tell",
    "by_validation": "by validation",
    "deviation": "over seeds",
}


class Interval(NamedTuple):
    """What was measured of one part: its value, and the ends of its 95 % interval where there is one."""

    part: str
    value: float
    low: float | None
    high: float | None
    text: str


def read_ledger(path: Path) -> list[Row]:
    """Return the rows of a claims.csv by the page's names, numbers in words.

    Raises UsageError where what was judged has been collected anew since.
    """
    check_inputs(path.with_suffix(".sha256"))
    return [_named(row) for row in read_rows(path)]


def _named(row: Row) -> Row:
    words = words_of(row)
    named = {name: words[word] for name, word in _WORDS.items()}
    named |= {"placebo": row["placebo_verdict"], "parts": row["all_parts"]}
    return row | named


def read_parts(path: Path) -> dict[str, list[Interval]]:
    """Return id -> the measured parts of a claim, from a claims_parts.csv."""
    parts: dict[str, list[Interval]] = {}
    for row in read_rows(path):
        parts.setdefault(row["id"], []).append(_interval(row))
    return parts


def _interval(row: Row) -> Interval:
    value = float(row["value"])
    low = float(row["low"]) if row["low"] else None
    high = float(row["high"]) if row["high"] else None
    ends = None if low is None or high is None else (low, high)
    text = interval(value, ends, exact=row["exact"] == "True")
    return Interval(row["part"], value, low, high, text)


def stated_claims(plan: Plan, folder: Path) -> dict[str, Claim]:
    """Return id -> claim as config/claims.yaml and the paper's tables state it now."""
    results = read_results(folder / "collected", collected_names(plan))
    return {claim.id: claim for claim in claims(results)}
