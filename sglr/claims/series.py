"""Measures on one seed's curves and on numbers of its networks: rows of a collected frame in,
a number out. They are judged over seeds.

A quarter's value is the median over that quarter of training, so that no single epoch
decides. The rate drops first at half of training.
"""

import math

import pandas as pd

from sglr.collected.results import NotRun, testable
from sglr.methods.schedules import DROPS, start_epoch

_WARM_UP = 0.1  # of training, in which every network leaves its first weights


def quarter(values: pd.Series, number: int) -> float:
    """Return the median over one quarter (1 to 4) of training of `values`, by epoch."""
    last = values.index.max()
    after, until = (number - 1) / 4 * last, number / 4 * last
    part = values[(values.index > after) & (values.index <= until)].dropna()
    if part.empty:
        raise NotRun("a quarter of training has no value")
    return float(part.median())


def log_ratio(one: float, other: float) -> float:
    """Return ln(one / other). Raises NotRun unless both are positive."""
    if not (one > 0 and other > 0):
        raise NotRun("a ratio of values that are not positive")
    return math.log(one / other)


def growth(rows: pd.DataFrame, *, quantity: str) -> float:
    """Return ln of the last quarter over the last quarter before the rate drops."""
    values = _curve(rows, quantity=quantity)
    return log_ratio(quarter(values, 4), quarter(values, 2))


def vanished(rows: pd.DataFrame) -> float:
    """Return ln of the last quarter over the first."""
    values = _curve(rows)
    return log_ratio(quarter(values, 4), quarter(values, 1))


def swing(rows: pd.DataFrame, *, quantity: str) -> float:
    """Return ln of the largest over the smallest value from a tenth of training until the
    rate drops: 0 for a flat curve."""
    values, last = _curve(rows, quantity=quantity), int(rows["epoch"].max())
    before = values.index < start_epoch(DROPS[0], last)
    phase = values[before & (values.index > _WARM_UP * last)]
    return log_ratio(phase.max(), phase.min())


def new_gap(rows: pd.DataFrame) -> float:
    """Return the gap of training and test accuracy in the last quarter, less twice that of
    the last quarter before the rate drops: positive where more than half of it is new."""
    train, test = (
        _curve(rows, quantity=f"{name}_accuracy") for name in ("train", "test_pgd20")
    )
    gap = 100 * (train - test).dropna()
    return quarter(gap, 4) - 2 * max(0.0, quarter(gap, 2))


def peak_after_drop(rows: pd.DataFrame, *, method: str) -> float:
    """Return the epoch of the highest test accuracy, less the last one before the drop."""
    test = _curve(rows, "accuracy", method=method, split="test")
    return float(test.idxmax()) - (start_epoch(DROPS[0], int(test.index.max())) - 1)


def falls_less(rows: pd.DataFrame, *, method: str, other: str) -> float:
    """Return what `other` loses from its highest to its last test accuracy, less what
    `method` does, in points."""
    curves = [
        _curve(rows, "accuracy", method=name, split="test") for name in (other, method)
    ]
    losses = [100 * float(curve.max() - curve.iloc[-1]) for curve in curves]
    return losses[0] - losses[1]


def highest(rows: pd.DataFrame, *, method: str, split: str) -> float:
    """Return the highest accuracy of a curve, in percent."""
    return 100 * float(_curve(rows, "accuracy", method=method, split=split).max())


def later(rows: pd.DataFrame, *, images: str, column: str) -> float:
    """Return a column on these images, in percent: the last quarter less the last one before
    the rate drops."""
    values = 100 * _curve(rows, column, input=images)
    return quarter(values, 4) - quarter(values, 2)


def final_below(rows: pd.DataFrame, *, method: str, other: str, column: str) -> float:
    """Return the final network's number of `other` less that of `method`, in percent."""
    return 100 * (_last(rows, other, column) - _last(rows, method, column))


def less_information(rows: pd.DataFrame, *, method: str, other: str) -> float:
    """Return ln of the information in the final weights of `other` over `method`'s."""
    values = [_last(rows, name, "information_settled") for name in (other, method)]
    return log_ratio(*values)


def _curve(rows: pd.DataFrame, column: str = "value", **names: str) -> pd.Series:
    """A column by epoch, of the rows that have these names."""
    for name, wanted in names.items():
        rows = rows[rows[name] == wanted]
    if rows.empty:
        raise NotRun(f"{' '.join(names.values())} was not run")
    return testable(rows).set_index("epoch")[column].sort_index()


def _last(rows: pd.DataFrame, method: str, column: str) -> float:
    found = rows[rows["method"] == method]
    if found.empty or column not in found:
        raise NotRun(f"{column} of {method} was not measured")
    return float(testable(found)[column].iloc[-1])
