"""claims.csv as the page reads it: the only place that knows its columns and how a value is written there."""

import re
from pathlib import Path
from typing import NamedTuple

from sglr.claims.claim import Claim
from sglr.claims.render import claims
from sglr.collected.results import Results, Row, read_results, read_rows
from sglr.files.errors import UsageError

# The page's name -> the column.
_COLUMNS = {
    **{name: name for name in ("id", "kind", "where", "part", "claim", "quantity")},
    **{name: name for name in ("rule", "reason", "verdict", "why", "value", "unit")},
    **{name: name for name in ("p", "placebo", "paper", "independent", "parts")},
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
    """Return the rows of a claims.csv by the page's names; "" for a column that is not there."""
    return [
        {name: row.get(column, "") for name, column in _COLUMNS.items()}
        for row in read_rows(path)
    ]


def intervals(words: str) -> list[Interval]:
    """Return the values of a cell, "; " between them, in their order; what is no value is left out."""
    found = [_VALUE.fullmatch(each) for each in words.split("; ")]
    return [_interval(match) for match in found if match]


def _interval(match: re.Match[str]) -> Interval:
    low, high = (float(match[end]) if match[end] else None for end in ("low", "high"))
    text = match[0].removeprefix(f"{match['part']}: ")
    return Interval(match["part"] or "", float(match["value"]), low, high, text)


def stated_claims(folder: Path) -> dict[str, Claim]:
    """Return id -> claim as config/claims.yaml and the paper's tables state it now."""
    try:
        results = read_results(folder / "collected")
    except UsageError:  # damaged: only which methods were added is not known then
        results = Results({})
    return {claim.id: claim for claim in claims(results)}
