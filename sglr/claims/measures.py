"""Differences of the tables' cells, on our results and on the published numbers in the same form."""

import math
from functools import cache

import pandas as pd

from sglr.claims.verdict import Evidence, over
from sglr.collected.published import published_rows
from sglr.collected.results import Cell, NotRun, Results
from sglr.plan.names import PAPERS_DATA

_NORMAL = 1.96  # half a 95 % interval in standard errors


@cache
def published() -> Results:
    """The paper's Tables 2-4 as if they had been collected from one seed; both variants of SGLR have its rows."""
    rows = published_rows()
    rows = rows[(rows["source"] == "paper") & (rows["checkpoint"] != "diff")]
    roles = {dataset: role for role, dataset in PAPERS_DATA.items()}
    rows = rows.assign(
        role=rows["dataset"].map(roles), seed=0, accuracy=rows["accuracy_percent"] / 100
    )
    released = rows[(rows["method"] == "sglr") & (rows["artifact"] != "table4")].assign(
        method="sglr_released"
    )
    parts = dict(iter(pd.concat([rows, released]).groupby("artifact")))
    return Results({str(name): parts[name] for name in ("table2", "table3", "table4")})


def difference(
    results: Results, role: str, attack: str, one: Cell, other: Cell
) -> Evidence:
    """Accuracy of `one` minus that of `other`, in points: over seeds, or, with one seed, over the same test images."""
    each = _by_seed(results, role, attack, {one: 1, other: -1})
    between = results.interval(role, attack, one, other)
    if len(each) > 1 or between is None:
        return over(each)
    return Evidence(each[0], *between, basis="test images")


def _by_seed(
    results: Results, role: str, attack: str, signs: dict[Cell, int]
) -> list[float]:
    """The signed sum of the cells' accuracies for each seed that all of them have."""
    cells = {cell: results.accuracies(role, attack, cell) for cell in signs}
    seeds = sorted(set.intersection(*(set(found) for found in cells.values())))
    if not seeds:
        raise NotRun(
            f"{' and '.join(dict.fromkeys(name for name, _ in signs))} have no seed in common"
        )
    return [
        sum(sign * cells[cell][seed] for cell, sign in signs.items()) for seed in seeds
    ]


def lost(results: Results, role: str, attack: str, method: str) -> Evidence:
    """Points lost from the best checkpoint, chosen on test images, to the final one."""
    return difference(results, role, attack, (method, "best"), (method, "final"))


def lost_less(
    results: Results, role: str, attack: str, method: str, other: str
) -> Evidence:
    """Points that `other` loses from best to final, less what `method` loses.

    With one seed the two intervals over images are added in quadrature; on the same images that is rather too wide.
    """
    signs = {
        (other, "best"): 1,
        (other, "final"): -1,
        (method, "best"): -1,
        (method, "final"): 1,
    }
    each = _by_seed(results, role, attack, signs)
    if len(each) > 1:
        return over(each)
    errors = [_error(lost(results, role, attack, name)) for name in (other, method)]
    value, reach = each[0], _NORMAL * math.hypot(*errors)
    if math.isnan(reach):
        return Evidence(value)
    return Evidence(value, value - reach, value + reach, basis="test images")


def _error(evidence: Evidence) -> float:
    """The standard error that an interval stands for; NaN without one."""
    if evidence.low is None or evidence.high is None:
        return math.nan
    return (evidence.high - evidence.low) / (2 * _NORMAL)
