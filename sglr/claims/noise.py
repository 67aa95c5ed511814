"""Figures 4 and 5: label noise in standard training. Imports no torch."""

from collections.abc import Callable
from functools import partial

import pandas as pd

from sglr.claims.claim import Claim
from sglr.claims.curves import fall
from sglr.claims.verdict import Evidence, over
from sglr.collected.results import NotRun, Results

_ANY = "a direction has no tolerance"
_SHOWN = {1.0: "SGLR (r = 1)", 0.2: "SGLR (r = 0.2)"}
_LINE = 2.0  # points: a drawn line is read to about one, and a curve that hugs it crosses it

# Method key and split -> accuracy by epoch, in percent.
Curves = Callable[[str, str], pd.Series]


def noise() -> list[Claim]:
    """Claims of Figure 4, for both values of r, and of Figure 5."""
    return [
        *_hard(),
        *(
            claim
            for r, name in _SHOWN.items()
            for claim in (*_fits(r, name), *_generalises(r, name))
        ),
        *_figure5(),
    ]


def _hard() -> list[Claim]:
    return [
        Claim(
            "figure4/hard-memorises",
            "Fig. 4, left",
            "Fig. 4",
            "hard labels memorise wrong labels: training accuracy exceeds the portion of true ones",
            "highest training accuracy on the given labels, less the portion of true labels",
            {
                "": partial(
                    _curves, lambda curve, true: curve("hard", "train").max() - true
                )
            },
            _ANY,
        ),
        Claim(
            "figure4/hard-near-100",
            "Fig. 4, left",
            "Fig. 4",
            "hard labels reach nearly 100 % training accuracy at 40 % noise",
            "highest training accuracy",
            {"": partial(_curves, lambda curve, true: curve("hard", "train").max())},
            "nearly: 95 % or more",
            margin=95.0,
            by_value=True,
            paper="about 100",
        ),
        Claim(
            "figure4/hard-gap-over-50",
            "Fig. 4, left",
            "Fig. 4",
            "hard labels' training and test accuracy part by more than 50 points",
            "last training accuracy less last test accuracy",
            {"": partial(_curves, lambda curve, true: _gap(curve, "hard"))},
            "the paper's number",
            margin=50.0,
            by_value=True,
            paper="> 50",
        ),
        Claim(
            "figure4/hard-collapses",
            "Fig. 4, right",
            "Fig. 4",
            "with hard labels test accuracy falls after its peak",
            "highest test accuracy less the last",
            {
                "": partial(
                    _curves, lambda curve, true: fall(curve("hard", "test") / 100)
                )
            },
            "the highest of many epochs flatters itself by some points: less than 5 is no collapse",
            margin=5.0,
        ),
    ]


def _fits(r: float, name: str) -> list[Claim]:
    """SGLR in the left panel: training accuracy."""
    key, slug = f"{r:g}", f"r{r:g}"
    return [
        Claim(
            f"figure4/smaller-gap/{slug}",
            "Fig. 4, left",
            "Fig. 4",
            f"{name} has a smaller generalisation error (training less test accuracy) than hard labels",
            "last training less last test accuracy: hard labels' less the method's",
            {
                "": partial(
                    _curves, lambda curve, true: _gap(curve, "hard") - _gap(curve, key)
                )
            },
            _ANY + "; a network that knows better than its labels has a negative error",
        ),
        Claim(
            f"figure4/negligible-gap/{slug}",
            "Fig. 4, left",
            "Fig. 4",
            f"{name} has an almost negligible generalisation error",
            "5 points less that error, without sign",
            {"": partial(_curves, lambda curve, true: 5 - abs(_gap(curve, key)))},
            "negligible: under 5 points, a tenth of hard labels' 50",
            by_value=True,
            paper="almost 0",
        ),
        Claim(
            f"figure4/bounded/{slug}",
            "Fig. 4, left",
            "Fig. 4",
            f"{name} has its training accuracy bounded by the portion of true labels",
            "portion of true labels less the last training accuracy",
            {
                "": partial(
                    _curves, lambda curve, true: true - curve(key, "train").iloc[-1]
                )
            },
            f"{_LINE:g} points over the line are still on it: it is a line in a figure",
            margin=-_LINE,
        ),
    ]


def _generalises(r: float, name: str) -> list[Claim]:
    """SGLR in the right panel: test accuracy."""
    key, slug = f"{r:g}", f"r{r:g}"
    return [
        Claim(
            f"figure4/grows-steadily/{slug}",
            "Fig. 4, right",
            "Fig. 4",
            f"{name} has a test accuracy that grows steadily: it falls less after its peak than hard labels' does",
            "highest less last test accuracy: hard labels' less the method's",
            {
                "": partial(
                    _curves,
                    lambda curve, true: (
                        fall(curve("hard", "test") / 100)
                        - fall(curve(key, "test") / 100)
                    ),
                )
            },
            _ANY,
        ),
        Claim(
            f"figure4/ends-higher/{slug}",
            "Fig. 4, right",
            "Fig. 4",
            f"{name} ends above hard labels on the test images",
            "last test accuracy, the method's less hard labels'",
            {
                "": partial(
                    _curves,
                    lambda curve, true: (
                        curve(key, "test").iloc[-1] - curve("hard", "test").iloc[-1]
                    ),
                )
            },
            _ANY,
        ),
    ]


def _gap(curve: Curves, key: str) -> float:
    return curve(key, "train").iloc[-1] - curve(key, "test").iloc[-1]


def _curves(measure: Callable[[Curves, float], float], results: Results) -> Evidence:
    """The measure of each seed's curves, in percent, and its portion of true labels."""
    seeds = results.frame("figure4").groupby("seed")
    return over(
        [
            measure(partial(_curve, rows), 100 * rows["true_portion"].iloc[0])
            for _, rows in seeds
        ]
    )


def _curve(rows: pd.DataFrame, key: str, split: str) -> pd.Series:
    hard = rows["method"] == "standard"
    rows = rows[
        (hard if key == "hard" else ~hard & (rows["r"].round(3) == float(key)))
        & (rows["split"] == split)
    ]
    if rows.empty:
        raise NotRun(
            f"{'hard labels' if key == 'hard' else f'SGLR with r = {key}'} was not run"
        )
    return 100 * rows.set_index("epoch")["accuracy"].sort_index()


def _figure5() -> list[Claim]:
    measures = {
        "variance ratio": ("variance_ratio", -1),
        "silhouette": ("silhouette", 1),
    }
    rivals = {"standard": "hard labels", "standard_ls": "soft labels"}
    return [
        *(
            Claim(
                f"figure5/more-separable/noise{level:g}",
                "Fig. 5, Sec. 4",
                "Fig. 5",
                f"at noise {level:g} SGLR's features are more separable and tighter than hard and soft labels'",
                "within/between variance ratio, the other's less SGLR's; silhouette, SGLR's less the other's",
                {
                    f"{name} beside {words}": partial(
                        _separability, partial(_advantage, column, sign, rival, level)
                    )
                    for name, (column, sign) in measures.items()
                    for rival, words in rivals.items()
                },
                "test features of the final network, classes by true label; a direction has no tolerance",
                unit="ratio or silhouette",
            )
            for level in (0.0, 0.2, 0.4, 0.6)
        ),
        Claim(
            "figure5/noise-changes-least",
            "Fig. 5, Sec. 4",
            "Fig. 5",
            "from no noise to 0.6 SGLR's features change less than hard and soft labels'",
            "what separability loses from noise 0 to 0.6, the other's less SGLR's",
            {
                f"{name} beside {words}": partial(
                    _separability, partial(_kept, column, sign, rival)
                )
                for name, (column, sign) in measures.items()
                for rival, words in rivals.items()
            },
            "test features of the final network, classes by true label; a direction has no tolerance",
            unit="ratio or silhouette",
        ),
    ]


def _separability(
    measure: Callable[[pd.DataFrame], float], results: Results
) -> Evidence:
    """The measure of each seed's separability numbers."""
    return over(
        [
            measure(rows)
            for _, rows in results.frame("figure5_separability").groupby("seed")
        ]
    )


def _advantage(
    column: str, sign: int, rival: str, noise: float, rows: pd.DataFrame
) -> float:
    """SGLR's value less the rival's, at a noise level."""
    values = rows[rows["noise"].round(3) == noise].set_index("method")[column]
    if not {"standard_sglr", rival} <= set(values.index):
        raise NotRun(f"noise {noise:g} was not run for both")
    return sign * float(values["standard_sglr"] - values[rival])


def _kept(column: str, sign: int, rival: str, rows: pd.DataFrame) -> float:
    """How much less SGLR loses than the rival from no noise to 0.6."""
    return _advantage(column, sign, rival, 0.6, rows) - _advantage(
        column, sign, rival, 0.0, rows
    )
