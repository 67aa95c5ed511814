"""claims.csv as the page reads it: the only place that knows its columns and how a value is written there."""

import re
from pathlib import Path
from typing import NamedTuple

from sglr.artefacts.collect import collected_names
from sglr.claims.claim import Claim
from sglr.claims.render import claims
from sglr.claims.words import words_of
from sglr.collected.results import Row, read_results, read_rows
from sglr.files.sums import check_inputs
from sglr.plan.plan import Plan

# What the page shows of a claim and its numbers.
_COLUMNS = (
    *("id", "kind", "where", "part", "claim", "quantity", "rule", "reason", "verdict"),
    *("why", "weakest_part", "value", "low", "high", "unit", "basis", "p_value"),
    *("p_value_corrected", "detectable", "placebo_verdict", "validation_part"),
    *("validation_value", "validation_low", "validation_high", "standard_deviation"),
    *("paper", "paper_value", "independent", "all_parts"),
)
# The page's name -> the words of `words_of`.
_WORDS = {
    **{name: name for name in ("value", "p", "paper")},
    "corrected": "p corrected",
    "tells": "could tell",
    "by_validation": "by validation",
    "deviation": "over seeds",
}
# "autoattack: +10.13 [+6.68, +13.59]", without part, without interval.
_VALUE = re.compile(
    r"(?:(?P<part>.+?): )?(?P<value>[-+.\de]+)(?: \[(?P<low>\S+), (?P<high>\S+)\])?"
)


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
    return [_named(row) for row in read_rows(path, _COLUMNS)]


def _named(row: Row) -> Row:
    words = words_of(row)
    named = {name: words[word] for name, word in _WORDS.items()}
    named |= {"placebo": row["placebo_verdict"], "parts": row["all_parts"]}
    return row | named


def intervals(words: str) -> list[Interval]:
    """Return the values of a cell, "; " between them, in their order; what is no value is left out."""
    found = [_VALUE.fullmatch(each) for each in words.split("; ")]
    return [_interval(match) for match in found if match]


def _interval(match: re.Match[str]) -> Interval:
    low, high = (float(match[end]) if match[end] else None for end in ("low", "high"))
    text = match[0].removeprefix(f"{match['part']}: ")
    return Interval(match["part"] or "", float(match["value"]), low, high, text)


def stated_claims(plan: Plan, folder: Path) -> dict[str, Claim]:
    """Return id -> claim as config/claims.yaml and the paper's tables state it now."""
    results = read_results(folder / "collected", collected_names(plan))
    return {claim.id: claim for claim in claims(results)}
