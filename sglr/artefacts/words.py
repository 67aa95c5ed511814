"""Numbers in words that tables and text alternatives share. Percent only here."""

import pandas as pd

from sglr.plan.scales import DataSpec


def percent(accuracies: pd.Series) -> str:
    """Return the mean in percent, with the standard deviation where several seeds were run; 'not run' for none."""
    values = 100 * accuracies
    if values.empty:
        return "not run"
    mean = f"{values.mean():.1f}"
    return f"{mean} ± {values.std():.1f}" if len(values) > 1 else mean


def course(accuracy: pd.Series) -> str:
    """Return peak and end of a curve of fractions by epoch, in words."""
    values, best = 100 * accuracy, accuracy.idxmax()
    peak = f"peaks at {values.max():.1f} % in epoch {best}"
    return f"{peak} and ends at {values.iloc[-1]:.1f} %"


def seeds(frame: pd.DataFrame) -> str:
    """Return of how many seeds a figure's lines are."""
    words = mean_of_seeds(frame)
    return words if words == "one seed" else f"{words}, band: their range"


def mean_of_seeds(frame: pd.DataFrame) -> str:
    """Return of how many seeds numbers are the mean; some may be of fewer than others."""
    kind = [column for column in ("method", "r", "noise") if column in frame]
    by_kind = frame.groupby(kind, dropna=False) if kind else frame.groupby(lambda _: 0)
    counts = by_kind["seed"].nunique()
    fewest, most = counts.min(), counts.max()
    if not most > 1:
        return "one seed"
    return f"mean of {most} seeds" if fewest == most else f"{fewest} to {most} seeds"


def trained_on(data: DataSpec) -> str:
    """Return what a figure's networks were trained on."""
    return f"{data.name}, {data.num_train:,} training images"


def marked(word: str, rows: pd.DataFrame) -> str:
    """Return the word, marked where a run among the rows collapsed: its numbers are evidence for nothing."""
    return f"{word} (collapsed)" if _reasons(rows) else word


def said_of_collapse(rows: pd.DataFrame) -> str:
    """Return what a table's note ends with: the collapsed runs and why; "" without any."""
    return "".join(f"; {reason}" for reason in _reasons(rows))


def _reasons(rows: pd.DataFrame) -> list[str]:
    if "collapsed" not in rows:
        return []
    return list(dict.fromkeys(rows["collapsed"].dropna()))
