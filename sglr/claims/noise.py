"""Measures on one seed's label noise, Figures 4 and 5: rows in, a number out, judged over
seeds. `key` is "hard" for hard labels, or SGLR's r. Accuracies are in percent.
"""

import pandas as pd

from sglr.collected.results import NotRun, testable

_FEATURES = {"variance_ratio": -1, "silhouette": 1}  # 1: more is more separable
SGLR = "standard_sglr"


def above_portion(rows: pd.DataFrame, *, key: str, portion: str) -> float:
    """Return the highest training accuracy on the given labels, less the portion of them
    that is "true" or "untouched"."""
    return highest_training(rows, key=key) - 100 * float(
        rows[f"{portion}_portion"].iloc[0]
    )


def highest_training(rows: pd.DataFrame, *, key: str) -> float:
    """Return the highest training accuracy on the given labels."""
    return float(_curve(rows, key, "train").max())


def generalisation(rows: pd.DataFrame, *, key: str) -> float:
    """Return the last training accuracy less the last test accuracy."""
    return float(
        _curve(rows, key, "train").iloc[-1] - _curve(rows, key, "test").iloc[-1]
    )


def smaller_gap(rows: pd.DataFrame, *, key: str, other: str) -> float:
    """Return that error of `other` less that of `key`."""
    return generalisation(rows, key=other) - generalisation(rows, key=key)


def drawdown(rows: pd.DataFrame, *, key: str) -> float:
    """Return the largest fall of test accuracy from any earlier epoch to a later one: 0 for
    a curve that never falls."""
    test = _curve(rows, key, "test")
    return float((test.cummax() - test).max())


def steady_gain(rows: pd.DataFrame, *, key: str, fall: float) -> float:
    """Return the lesser of two: test accuracy's gain from the first epoch to the last, and
    `fall` less its drawdown. Positive where it grows, and falls by less than that on its way."""
    test = _curve(rows, key, "test")
    gain = float(test.iloc[-1] - test.iloc[0])
    return min(gain, fall - drawdown(rows, key=key))


def collapse(rows: pd.DataFrame, *, key: str) -> float:
    """Return the highest less the last test accuracy."""
    test = _curve(rows, key, "test")
    return float(test.max() - test.iloc[-1])


def ends_higher(rows: pd.DataFrame, *, key: str, other: str) -> float:
    """Return the last test accuracy less that of `other`."""
    return float(
        _curve(rows, key, "test").iloc[-1] - _curve(rows, other, "test").iloc[-1]
    )


def separable(rows: pd.DataFrame, *, column: str, other: str, noise: float) -> float:
    """Return by how much SGLR's features are more separable than those of `other`."""
    both = (rows["noise"].round(3) == noise) & rows["method"].isin([SGLR, other])
    values = testable(rows[both]).set_index("method")[column]
    if not {SGLR, other} <= set(values.index):
        raise NotRun(f"noise {noise:g} was not run for both")
    return _FEATURES[column] * float(values[SGLR] - values[other])


def keeps(rows: pd.DataFrame, *, column: str, other: str) -> float:
    """Return how much less of it SGLR loses than `other`, from no noise to 0.6."""
    ends = [
        separable(rows, column=column, other=other, noise=noise) for noise in (0.6, 0.0)
    ]
    return ends[0] - ends[1]


def _curve(rows: pd.DataFrame, key: str, split: str) -> pd.Series:
    """Accuracy by epoch."""
    hard = rows["method"] == "standard"
    wanted = hard if key == "hard" else ~hard & (rows["r"].round(3) == float(key))
    rows = rows[wanted & (rows["split"] == split)]
    if rows.empty:
        words = "hard labels" if key == "hard" else f"SGLR with r = {key}"
        raise NotRun(f"{words} was not run")
    return 100 * testable(rows).set_index("epoch")["accuracy"].sort_index()
