"""The measures by the names that config/claims.yaml calls them."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from sglr.claims import counts, noise, series, tables, theory
from sglr.claims.verdict import Evidence, over_seeds
from sglr.collected.results import NotRun, Results

PerSeed = Callable[..., float]

_WHOLE: tuple[Callable[..., Evidence], ...] = (
    *(tables.accuracy, tables.difference, tables.gains_more, tables.lost),
    *(tables.lost_less, tables.warmer, counts.count, counts.overhead),
    *(theory.class_dependent, theory.gradient, theory.noisy_risks),
    *(theory.proposition1, theory.proposition2),
)
# The collected frame whose rows, seed by seed, each is given.
_PER_SEED: dict[str, tuple[PerSeed, ...]] = {
    "figure1": (series.growth, series.new_gap, series.swing),
    "erm": (series.vanished,),
    "figure2": (series.falls_less, series.highest, series.peak_after_drop),
    "figure3": (series.later,),
    "information": (series.final_below, series.less_information),
    "figure4": (
        *(noise.above_portion, noise.collapse, noise.ends_higher),
        *(noise.generalisation, noise.highest_training, noise.smaller_gap),
        noise.steady_gain,
    ),
    "figure5_separability": (noise.keeps, noise.separable),
}
_OF_RESULTS = {measure.__name__: measure for measure in _WHOLE}
_OF_ROWS = {
    each.__name__: (name, each) for name, some in _PER_SEED.items() for each in some
}
NAMES = (*_OF_RESULTS, *_OF_ROWS)


def measure(name: str, results: Results, arguments: dict[str, Any]) -> Evidence:
    """Return what the measure of this name finds. Raises NotRun and NotTestable."""
    if name in _OF_RESULTS:
        return _OF_RESULTS[name](results, **arguments)
    frame, function = _OF_ROWS[name]
    return _over_seeds(results.frame(frame), function, arguments)


def _over_seeds(
    rows: pd.DataFrame, function: PerSeed, arguments: dict[str, Any]
) -> Evidence:
    """The measure of each seed's rows; seeds that lack what it needs are left out."""
    values, missing = [], []
    for _, of_seed in rows.groupby("seed"):
        try:
            values.append(function(of_seed, **arguments))
        except NotRun as error:
            missing.append(str(error))
    if not values:
        raise NotRun("; ".join(dict.fromkeys(missing)))
    return over_seeds(values)
