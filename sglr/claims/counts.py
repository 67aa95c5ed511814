"""Measures that no training decides: Table 1's counts, and seconds of single steps."""

from sglr.claims.verdict import Evidence, exact, over_seeds
from sglr.collected.published import TABLE1
from sglr.collected.results import NotRun, Results

_OURS = {"forwards": "forwards_measured"}


def count(results: Results, *, method: str, column: str) -> Evidence:
    """Return our count of what a method needs less the paper's."""
    rows = results.frame("table1")
    rows = rows[rows["method"] == method]
    if rows.empty:
        raise NotRun(f"{method} was not counted")
    ours = float(rows.iloc[0][_OURS.get(column, column)])
    return exact(ours - float(getattr(TABLE1[method], column)))


def overhead(results: Results, *, method: str, other: str) -> Evidence:
    """Return by how many percent a training step of `method` is slower than one of `other`,
    over repetitions in one process, the two in turn (results/{scale}/overhead.json)."""
    rows = results.frame("overhead")
    if not {method, other} <= set(rows):
        raise NotRun(f"steps of {method} and {other} were not timed in turn")
    found = over_seeds(100 * (rows[method] / rows[other] - 1))
    return Evidence(found.value, found.tests, f"{len(rows)} repetitions in one process")
