"""Figures 1-3 and the information in weights, by direction: what grows, what falls, and when. Imports no torch."""

import math
from collections.abc import Callable
from functools import partial

import pandas as pd

from sglr.claims.claim import Claim
from sglr.claims.verdict import Evidence, over
from sglr.collected.results import NotRun, Results
from sglr.methods import METHODS
from sglr.methods.schedules import DROPS, start_epoch

_MEDIANS = "medians of quarters of training, so that single epochs do not decide; a direction has no tolerance"
_INFORMED = {
    "ls": "label smoothing",
    "sglr": "SGLR (Eq. 8)",
    "sglr_released": "SGLR (released code)",
}


def curves() -> list[Claim]:
    """Claims of Figures 1, 2 and 3 and of Theorem 1."""
    return [*_figure1(), *_figure2(), *_figure3(), *_theorem1()]


def _figure1() -> list[Claim]:
    norms = {"mini-batches": "gradient_norm", "full": "gradient_norm_full"}
    return [
        Claim(
            "figure1/gradient-flat",
            "Fig. 1a, Sec. 2",
            "Fig. 1",
            "PGD-AT's gradient norm is nearly constant until the learning rate drops",
            "|ln of its change from the last quarter before the drop to the end|, less |ln of its change before|",
            {
                name: partial(_per_seed, "figure1", partial(_flatness, quantity))
                for name, quantity in norms.items()
            },
            _MEDIANS,
            unit="log ratio",
        ),
        Claim(
            "figure1/gradient-grows",
            "Fig. 1a, Sec. 2",
            "Fig. 1",
            "PGD-AT's gradient norm grows after the learning rate drops, to the end",
            "ln of the last quarter of training over the last quarter before the drop",
            {
                name: partial(_per_seed, "figure1", partial(_growth, quantity))
                for name, quantity in norms.items()
            },
            _MEDIANS,
            unit="log ratio",
        ),
        Claim(
            "figure1/gap-after-drop",
            "Fig. 1b, Sec. 2",
            "Fig. 1",
            "training and test robust accuracy part after the learning rate drops: more than half of the gap is new",
            "gap at the end, less twice the gap in the last quarter before the drop",
            {"": partial(_per_seed, "figure1", _new_gap)},
            _MEDIANS,
        ),
        Claim(
            "figure1/information-grows",
            "Fig. 1b, Sec. 2",
            "Fig. 1",
            "the information in weights grows after the learning rate drops",
            "ln of the last quarter of training over the last quarter before the drop",
            {
                "": partial(
                    _per_seed, "figure1", partial(_growth, "information_in_weights")
                )
            },
            _MEDIANS + "; its scale is arbitrary, so only its ratio counts",
            unit="log ratio",
        ),
    ]


def _figure2() -> list[Claim]:
    order = [
        ("ls", "at"),
        ("sglr", "at"),
        ("sglr_released", "at"),
        ("sglr", "ls"),
        ("sglr_released", "ls"),
    ]
    return [
        Claim(
            "figure2/after-drop",
            "Fig. 2, Sec. 2",
            "Fig. 2",
            "PGD-AT's robust test accuracy peaks only after the first drop of the learning rate",
            "epoch of the best, less the last epoch before the drop",
            {"": partial(_per_seed, "figure2", _peak_after_drop)},
            "the drop stands at half of training",
            unit="epochs",
        ),
        *(
            Claim(
                f"figure2/falls-less/{one}-{other}",
                "Fig. 2, Sec. 2",
                "Fig. 2",
                f"after its peak {METHODS[one].label} loses less robust test accuracy than {METHODS[other].label}",
                f"peak minus last epoch of {other}, less that of {one}",
                {"": partial(_per_seed, "figure2", partial(_falls_less, one, other))},
                "both peaks are chosen on the same images, so both are as flattered",
            )
            for one, other in order
        ),
    ]


def _figure3() -> list[Claim]:
    both = ("natural", "adversarial")
    return [
        *(
            Claim(
                f"figure3/{side}-rises",
                "Fig. 3, Sec. 3.1",
                "Fig. 3",
                f"PGD-AT grows more confident where it is {side}, to the end",
                f"mean confidence when {side}: last quarter of training less the last quarter before the drop",
                {
                    name: partial(
                        _per_seed,
                        "figure3",
                        partial(_later, name, f"confidence_{side}"),
                    )
                    for name in both
                },
                _MEDIANS,
            )
            for side in ("correct", "incorrect")
        ),
        Claim(
            "figure3/calibration-worsens",
            "Fig. 3, Sec. 3.1",
            "Fig. 3",
            "PGD-AT's last networks are worse calibrated than those of the middle of training",
            "expected calibration error: last quarter of training less the last quarter before the drop",
            {
                name: partial(_per_seed, "figure3", partial(_later, name, "ece"))
                for name in both
            },
            _MEDIANS,
        ),
    ]


def _theorem1() -> list[Claim]:
    return [
        Claim(
            f"theorem1/{method}",
            "Theorem 1, Sec. 2",
            "Theory",
            f"soft labels lower the information in weights: {words} ends below PGD-AT",
            "ln of PGD-AT's information in weights over the method's, final networks",
            {"": partial(_per_seed, "information", partial(_less_information, method))},
            "the theorem says only that some soft label does; this asks whether these do",
            unit="log ratio",
        )
        for method, words in _INFORMED.items()
    ]


def _per_seed(
    name: str, measure: Callable[[pd.DataFrame], float], results: Results
) -> Evidence:
    """The measure of each seed's rows of a collected file."""
    return over([measure(rows) for _, rows in results.frame(name).groupby("seed")])


def quarter(values: pd.Series, number: int) -> float:
    """The median over one quarter (1 to 4) of training of `values`, which are by epoch."""
    last = values.index.max()
    part = values[
        (values.index > (number - 1) / 4 * last) & (values.index <= number / 4 * last)
    ].dropna()
    if part.empty:
        raise NotRun("a quarter of training has no value")
    return float(part.median())


def _series(rows: pd.DataFrame, column: str, **names: str) -> pd.Series:
    for name, wanted in names.items():
        rows = rows[rows[name] == wanted]
    if rows.empty:
        raise NotRun(f"{' '.join(names.values())} was not run")
    return rows.set_index("epoch")[column].sort_index()


def _growth(quantity: str, rows: pd.DataFrame) -> float:
    values = _series(rows, "value", quantity=quantity)
    return _log_ratio(quarter(values, 4), quarter(values, 2))


def _flatness(quantity: str, rows: pd.DataFrame) -> float:
    values = _series(rows, "value", quantity=quantity)
    return abs(_growth(quantity, rows)) - abs(
        _log_ratio(quarter(values, 2), quarter(values, 1))
    )


def _new_gap(rows: pd.DataFrame) -> float:
    train, test = (
        _series(rows, "value", quantity=name)
        for name in ("train_accuracy", "test_pgd20_accuracy")
    )
    gap = 100 * (train - test).dropna()
    return quarter(gap, 4) - 2 * max(0.0, quarter(gap, 2))


def _peak_after_drop(rows: pd.DataFrame) -> float:
    test = _series(rows, "accuracy", method="at", split="test")
    return float(test.index.to_numpy()[test.argmax()]) - (
        start_epoch(DROPS[0], int(test.index.max())) - 1
    )


def _falls_less(one: str, other: str, rows: pd.DataFrame) -> float:
    falls = [
        fall(_series(rows, "accuracy", method=method, split="test"))
        for method in (other, one)
    ]
    return falls[0] - falls[1]


def fall(values: pd.Series) -> float:
    """Points from the highest value to the last, of accuracies by epoch."""
    return 100 * float(values.max() - values.iloc[-1])


def _later(name: str, column: str, rows: pd.DataFrame) -> float:
    values = 100 * _series(rows, column, input=name)
    return quarter(values, 4) - quarter(values, 2)


def _less_information(method: str, rows: pd.DataFrame) -> float:
    values = {
        name: rows[rows["method"] == name]["information_in_weights"]
        for name in ("at", method)
    }
    for name, found in values.items():
        if found.empty:
            raise NotRun(f"{name} was not run")
    return _log_ratio(values["at"].iloc[0], values[method].iloc[0])


def _log_ratio(one: float, other: float) -> float:
    if not (one > 0 and other > 0):
        raise NotRun("a ratio of values that are not positive")
    return math.log(one / other)
