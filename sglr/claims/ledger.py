"""Every checkable claim of the paper, judged on the collected results of a scale. Imports no torch."""

from sglr.claims.cells import cells
from sglr.claims.claim import Claim, Record, judge
from sglr.claims.costs import costs
from sglr.claims.curves import curves
from sglr.claims.noise import noise
from sglr.claims.orderings import orderings
from sglr.claims.results import Results
from sglr.claims.theory import theory


def claims() -> list[Claim]:
    """All claims, each id once."""
    return [*orderings(), *curves(), *noise(), *costs(), *theory(), *cells()]


def judged(results: Results, scale: str) -> list[Record]:
    """Every claim with its verdict."""
    return [judge(claim, results, scale) for claim in claims()]
