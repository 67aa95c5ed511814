"""What each kind of claim measures, on invented collected frames whose verdicts are known beforehand."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from sglr.claims.curves import quarter

from sglr.claims.claim import judge
from sglr.claims.measures import difference, lost_less
from sglr.claims.render import claims
from sglr.collected.results import NotRun, Results
from sglr.plan.names import ROLES, TEN

EPOCHS = np.arange(1, 41)


@cache
def by_id() -> dict:
    return {claim.id: claim for claim in claims(Results({}))}


def word(name: str, frames: dict[str, pd.DataFrame], scale: str = "digits") -> str:
    return judge(by_id()[name], Results(frames), scale).verdict.word


def accuracies(
    values: dict[str, tuple[list[float], list[float]]], role: str = TEN
) -> pd.DataFrame:
    """Method -> its best and its final accuracies, by seed, under every attack."""
    return pd.DataFrame(
        {
            "role": role,
            "method": method,
            "seed": seed,
            "checkpoint": checkpoint,
            "attack": attack,
            "accuracy": value,
        }
        for method, both in values.items()
        for checkpoint, seeds in zip(("best", "final"), both, strict=True)
        for seed, value in enumerate(seeds)
        for attack in ("natural", "pgd20", "autoattack")
    )


def pair(
    one: str,
    other: str,
    low: float,
    high: float,
    ends=("final", "final"),
    attack: str = "pgd20",
) -> dict:
    names = {"role": TEN, "attack": attack, "one": one, "one_checkpoint": ends[0]}
    return names | {
        "other": other,
        "other_checkpoint": ends[1],
        "low": low,
        "high": high,
    }


def test_with_one_seed_the_interval_is_the_collected_one_and_only_for_that_pair():
    frames = {"table2": accuracies({"ls": ([0.5], [0.5]), "at": ([0.5], [0.4])})}
    frames["pairs"] = pd.DataFrame([pair("ls", "at", 0.08, 0.12)])
    found = difference(Results(frames), TEN, "pgd20", ("ls", "final"), ("at", "final"))
    assert (found.value, found.low, found.high) == pytest.approx(
        (10, 8, 12)
    ) and found.basis == "test images"
    assert (
        difference(
            Results(frames), TEN, "autoattack", ("ls", "final"), ("at", "final")
        ).low
        is None
    )
    assert (
        difference(Results(frames), TEN, "pgd20", ("ls", "best"), ("at", "best")).low
        is None
    )


def test_with_several_seeds_the_differences_are_taken_seed_by_seed():
    """Both vary by 20 points over the seeds, their difference by none; seed 2 has no partner and is left out."""
    frames = {
        "table2": accuracies(
            {"ls": ([0.5] * 2, [0.5, 0.7]), "at": ([0.5] * 3, [0.4, 0.6, 0.1])}
        )
    }
    found = difference(Results(frames), TEN, "pgd20", ("ls", "final"), ("at", "final"))
    assert (found.value, found.low, found.high, found.seeds) == pytest.approx(
        (10, 10, 10, 2)
    )


def test_no_seed_in_common_is_not_run():
    table = accuracies({"ls": ([0.5], [0.5]), "at": ([0.5], [0.4])})
    table.loc[table["method"] == "at", "seed"] = 7
    with pytest.raises(NotRun, match="no seed in common"):
        difference(
            Results({"table2": table}), TEN, "pgd20", ("ls", "final"), ("at", "final")
        )


def test_intervals_of_two_losses_add_in_quadrature():
    frames = {"table2": accuracies({"sglr": ([0.5], [0.49]), "at": ([0.5], [0.4])})}
    ends = ("best", "final")
    frames["pairs"] = pd.DataFrame(
        [pair("at", "at", 0.07, 0.13, ends), pair("sglr", "sglr", -0.03, 0.05, ends)]
    )
    found = lost_less(Results(frames), TEN, "pgd20", "sglr", "at")
    # 3-4-5.
    assert (found.value, found.low, found.high) == pytest.approx((9, 9 - 5, 9 + 5))


OVERFITS, KEEPS = (
    ([0.50, 0.51, 0.52], [0.40, 0.42, 0.41]),
    ([0.50, 0.51, 0.52], [0.50, 0.51, 0.52]),
)


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("overfitting/at/ten_classes", {"at": OVERFITS}, "reproduced"),
        ("overfitting/at/ten_classes", {"at": KEEPS}, "not reproduced"),
        # One seed without an interval.
        (
            "overfitting/at/ten_classes",
            {"at": ([0.5], [0.4])},
            "partly",
        ),
        ("overfitting/at/ten_classes", {"at": ([0.5], [np.nan])}, "not run"),
        ("overfitting/at/ten_classes", {}, "not run"),
        ("ls/helps", {"ls": KEEPS, "at": OVERFITS}, "reproduced"),
        ("ls/helps", {"ls": OVERFITS, "at": KEEPS}, "not reproduced"),
        ("ls/still-overfits", {"ls": OVERFITS}, "reproduced"),
        ("table3/gap/ten_classes/sglr", {"sglr": KEEPS, "at": OVERFITS}, "reproduced"),
        (
            "order/autoattack/final/sglr",
            {"sglr": KEEPS, "at": OVERFITS, "awp": KEEPS},
            "partly",
        ),
        ("worth/sglr/at_wa", {"sglr": KEEPS, "at_wa": OVERFITS}, "reproduced"),
        ("worth/sglr/at_wa", {"sglr": OVERFITS, "at_wa": KEEPS}, "not reproduced"),
    ],
)
def test_orderings_of_tables_2_and_3(name, values, expected):
    columns = ["role", "method", "seed", "checkpoint", "attack", "accuracy"]
    assert (
        word(name, {"table2": accuracies(values).reindex(columns=columns)}) == expected
    )


def test_the_gap_under_1_is_judged_on_the_papers_scale_alone():
    both = pd.concat(
        [accuracies({"sglr": KEEPS}, role) for role in (TEN, "hundred_classes")]
    )
    assert word("gap/under-1/sglr", {"table3": both}, "paper") == "reproduced"
    assert word("gap/under-1/sglr", {"table3": both}, "digits") == "not run"
    wide = pd.concat(
        accuracies({"sglr": ([0.6] * 2, [0.5] * 2)}, role) for role in ROLES
    )
    assert word("gap/under-1/sglr", {"table3": wide}, "paper") == "not reproduced"


@pytest.mark.parametrize(
    ("final", "expected"),
    [(82.0, "reproduced"), (84.9, "partly"), (90.0, "not reproduced")],
)
def test_a_cell_beside_the_papers(final, expected):
    """The paper's 82.4, within 1.5, within 3, further."""
    table = accuracies(
        {"at": ([0.8] * 3, [(final + step) / 100 for step in (-0.1, 0, 0.1)])}
    )
    assert (
        word("table2/cifar10/at/natural/final", {"table2": table}, "paper") == expected
    )


def grid(accuracy) -> pd.DataFrame:
    rows = [(r, t) for r in (0, 0.2, 0.4, 0.6, 0.8) for t in (1, 1.5, 2)]
    frames = [
        accuracies({"sglr": ([0.5], [accuracy(r, t)])}).assign(
            r=float(r), temperature=float(t)
        )
        for r, t in rows
    ]
    return pd.concat(frames)


@pytest.mark.parametrize(
    ("accuracy", "expected"),
    [
        (lambda r, t: 0.5 - abs(r - 0.2), "partly"),  # rises, then falls; one seed
        (lambda r, t: 0.5 + r / 10, "partly"),  # rises, does not fall
        (lambda r, t: 0.5, "not reproduced"),
    ],
)
def test_table_4_rises_then_falls(accuracy, expected):
    assert word("table4/r/pgd20/T1", {"table4": grid(accuracy)}) == expected


def test_table_4_measures_the_rise_and_the_fall():
    record = judge(
        by_id()["table4/r/pgd20/T1"],
        Results({"table4": grid(lambda r, t: 0.5 - 0.3 * r * t)}),
        "digits",
    )
    assert {
        name: found.value for name, found in record.measured.items()
    } == pytest.approx({"r = 0": -6, "r = 0.8": 18})


@pytest.mark.parametrize(
    ("slope", "spread", "expected"),
    [(-0.1, 0, "reproduced"), (-0.01, 0.3, "partly"), (0.1, 0, "not reproduced")],
)
def test_the_temperatures_effect_is_worth_what_four_values_of_r_agree_on(
    slope, spread, expected
):
    table = grid(
        lambda r, t: 0.5 + (t - 1) * (slope + spread * (round(10 * r) % 4 - 1))
    )
    assert word("table4/temperature/pgd20", {"table4": table}) == expected


def figure1(growth: float, seeds: int = 1) -> pd.DataFrame:
    """Everything constant up to the drop, and after it times `growth`; training accuracy too, test accuracy not."""
    after = np.where(EPOCHS > 20, growth, 1.0)
    values = {
        name: after
        for name in ("gradient_norm", "gradient_norm_full", "information_in_weights")
    }
    values |= {"train_accuracy": 0.3 * after, "test_pgd20_accuracy": 0.3 + 0 * after}
    return pd.concat(
        pd.DataFrame(
            {
                "seed": seed,
                "epoch": EPOCHS,
                "quantity": name,
                "value": value * (1 + 0.001 * seed),
            }
        )
        for name, value in values.items()
        for seed in range(seeds)
    )


@pytest.mark.parametrize(
    "name", ["gradient-flat", "gradient-grows", "gap-after-drop", "information-grows"]
)
@pytest.mark.parametrize(
    ("growth", "seeds", "expected"),
    [(2.0, 1, "partly"), (2.0, 3, "reproduced"), (1.0, 1, "not reproduced")],
)
def test_figure_1(name, growth, seeds, expected):
    assert word(f"figure1/{name}", {"figure1": figure1(growth, seeds)}) == expected


def test_a_gap_that_was_there_before_the_drop_is_not_new():
    frame = figure1(2.0)
    frame.loc[frame["quantity"] == "train_accuracy", "value"] = 0.6
    assert word("figure1/gap-after-drop", {"figure1": frame}) == "not reproduced"


def test_a_quarter_without_values_is_not_run():
    with pytest.raises(NotRun):
        quarter(pd.Series([1.0], index=[40]), 2)


def figure2(peaks: dict[str, int], end: dict[str, float]) -> pd.DataFrame:
    rows = []
    for method, peak in peaks.items():
        test = np.where(peak == EPOCHS, 0.5, np.where(peak > EPOCHS, 0.4, end[method]))
        rows.append(
            pd.DataFrame(
                {
                    "method": method,
                    "seed": 0,
                    "epoch": EPOCHS,
                    "split": "test",
                    "accuracy": test,
                }
            )
        )
    return pd.concat(rows)


def test_figure_2_peak_and_fall():
    frame = {"figure2": figure2({"at": 21, "ls": 20}, {"at": 0.3, "ls": 0.45})}
    # The drop is at epoch 20 of 40.
    assert word("figure2/after-drop", frame) == "partly"
    assert word("figure2/falls-less/ls-at", frame) == "partly"
    assert word("figure2/falls-less/sglr-at", frame) == "not run"
    early = {"figure2": figure2({"at": 19, "ls": 20}, {"at": 0.45, "ls": 0.3})}
    assert word("figure2/after-drop", early) == "not reproduced"
    assert word("figure2/falls-less/ls-at", early) == "not reproduced"


def figure3(change: float) -> pd.DataFrame:
    values = np.where(EPOCHS > 20, 0.5 + change, 0.5)
    columns = {
        name: values for name in ("confidence_correct", "confidence_incorrect", "ece")
    }
    parts = [
        pd.DataFrame({"seed": 0, "epoch": EPOCHS, "input": name} | columns)
        for name in ("natural", "adversarial")
    ]
    return pd.concat(parts)


@pytest.mark.parametrize(
    "name", ["correct-rises", "incorrect-rises", "calibration-worsens"]
)
@pytest.mark.parametrize(
    ("change", "expected"), [(0.1, "partly"), (-0.1, "not reproduced")]
)
def test_figure_3(name, change, expected):
    assert word(f"figure3/{name}", {"figure3": figure3(change)}) == expected


def test_theorem_1_compares_the_final_networks():
    rows = [("at", 100.0), ("ls", 50.0), ("sglr", 200.0)]
    frame = pd.DataFrame(
        [
            {"method": name, "seed": 0, "epoch": 40, "information_in_weights": value}
            for name, value in rows
        ]
    )
    words = [
        word(f"theorem1/{name}", {"information": frame})
        for name in ("ls", "sglr", "sglr_released")
    ]
    assert words == ["partly", "not reproduced", "not run"]


def figure4(
    hard: tuple[float, float, float],
    refined: tuple[float, float, float],
    seeds: int = 3,
) -> pd.DataFrame:
    """Training accuracy at the end, test accuracy at its peak and at the end, of hard labels and of r = 1."""
    rows = []
    for seed in range(seeds):
        for method, r, (train, peak, end) in (
            ("standard", np.nan, hard),
            ("standard_sglr", 1.0, refined),
        ):
            test = np.where(EPOCHS == 20, peak, end) + 0.001 * seed
            for split, accuracy in (("train", np.full(40, train)), ("test", test)):
                columns = {
                    "method": method,
                    "r": r,
                    "seed": seed,
                    "epoch": EPOCHS,
                    "split": split,
                }
                rows.append(
                    pd.DataFrame(columns | {"accuracy": accuracy, "true_portion": 0.64})
                )
    return pd.concat(rows)


MEMORISES, BENIGN = (1.0, 0.85, 0.4), (0.63, 0.9, 0.9)


@pytest.mark.parametrize(
    ("name", "expected", "reversed_expected"),
    [
        ("hard-memorises", "reproduced", "not reproduced"),
        ("hard-collapses", "reproduced", "not reproduced"),
        ("smaller-gap/r1", "reproduced", "not reproduced"),
        ("bounded/r1", "reproduced", "not reproduced"),
        ("grows-steadily/r1", "reproduced", "not reproduced"),
        ("ends-higher/r1", "reproduced", "not reproduced"),
        ("bounded/r0.2", "not run", "not run"),
        ("hard-near-100", "not run", "not run"),  # by value, so not on digits
    ],
)
def test_figure_4(name, expected, reversed_expected):
    assert word(f"figure4/{name}", {"figure4": figure4(MEMORISES, BENIGN)}) == expected
    assert (
        word(f"figure4/{name}", {"figure4": figure4(BENIGN, MEMORISES)})
        == reversed_expected
    )
    assert word(
        f"figure4/{name}", {"figure4": figure4(MEMORISES, BENIGN, seeds=1)}
    ) in ("partly", "not run")


def test_figure_4_by_value():
    frame = {"figure4": figure4(MEMORISES, BENIGN)}
    assert word("figure4/hard-near-100", frame, "paper") == word(
        "figure4/hard-gap-over-50", frame, "paper"
    )
    assert word("figure4/hard-gap-over-50", frame, "paper") == "reproduced"  # 100 - 40
    # 63 - 90.
    assert word("figure4/negligible-gap/r1", frame, "paper") == "not reproduced"


def figure5(refined: dict[float, float]) -> pd.DataFrame:
    """Variance ratio of SGLR by noise; the others' is 1 and grows to 4."""
    rows = []
    for noise, value in refined.items():
        other = 1 + 5 * noise
        for method, ratio in (
            ("standard", other),
            ("standard_ls", other),
            ("standard_sglr", value),
        ):
            rows.append(
                {
                    "method": method,
                    "noise": noise,
                    "seed": 0,
                    "variance_ratio": ratio,
                    "silhouette": -ratio,
                }
            )
    return pd.DataFrame(rows)


def test_figure_5_says_partly_at_most_with_one_seed():
    better, worse = figure5({0.0: 0.5, 0.6: 0.6}), figure5({0.0: 1.5, 0.6: 9.0})
    assert (
        word("figure5/more-separable/noise0.6", {"figure5_separability": better})
        == "partly"
    )
    assert (
        word("figure5/noise-changes-least", {"figure5_separability": better})
        == "partly"
    )
    assert (
        word("figure5/more-separable/noise0.4", {"figure5_separability": better})
        == "not run"
    )
    assert (
        word("figure5/more-separable/noise0", {"figure5_separability": worse})
        == "not reproduced"
    )
    assert (
        word("figure5/noise-changes-least", {"figure5_separability": worse})
        == "not reproduced"
    )
    # Below the others' 1 and 4, but it grows by more than they do.
    losing = figure5({0.0: 0.1, 0.6: 3.5})
    assert (
        word("figure5/more-separable/noise0.6", {"figure5_separability": losing})
        == "partly"
    )
    assert (
        word("figure5/noise-changes-least", {"figure5_separability": losing})
        == "not reproduced"
    )


def test_means_that_coincide_have_no_ratio_and_so_no_verdict():
    broken = figure5({0.0: np.inf, 0.6: 0.6})
    broken["silhouette"] = np.nan
    assert (
        word("figure5/more-separable/noise0", {"figure5_separability": broken})
        == "not run"
    )


def costs(
    before: float, after: float | np.ndarray, device: str = "cpu"
) -> pd.DataFrame:
    """Seconds of PGD-AT about 10; SGLR's are `before` and `after` refinement starts times as many."""
    at = 10 + 0.1 * (EPOCHS % 3)
    sglr = at * np.where(EPOCHS >= 18, after, before) * (1 + 0.01 * (EPOCHS % 2))
    parts = [("at", at, "cpu"), ("sglr", sglr, device)]
    return pd.concat(
        pd.DataFrame(
            {
                "role": TEN,
                "method": name,
                "seed": 0,
                "device": where,
                "epoch": EPOCHS,
                "seconds": seconds,
            }
        )
        for name, seconds, where in parts
    )


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (1.0, 1.05, "reproduced"),
        (1.0, 1.3, "not reproduced"),
        (2.0, 2.1, "reproduced"),  # a machine half as fast all along is no overhead
    ],
)
def test_overhead(before, after, expected):
    assert word("overhead/sglr", {"costs": costs(before, after)}) == expected


def test_the_first_refined_epoch_counts_as_refined():
    slow = np.where(EPOCHS == 18, 10.0, 1.0)
    assert word("overhead/sglr", {"costs": costs(1.0, slow)}) == "not reproduced"


def test_seconds_of_two_devices_are_not_compared():
    assert word("overhead/sglr", {"costs": costs(1, 1, "another")}) == "not run"


@pytest.mark.parametrize(
    ("forwards", "teachers", "expected"), [(2, 0, "reproduced"), (3, 0, "partly")]
)
def test_table_1(forwards, teachers, expected):
    row = {
        "method": "sglr",
        "trained_teachers": teachers,
        "standard_teacher": False,
        "adversarial_teacher": False,
    }
    frame = pd.DataFrame([row | {"forwards_measured": forwards}])
    assert word("table1/sglr", {"table1": frame}) == expected
    assert word("table1/ard", {"table1": frame}) == "not run"
    weakest, evidence = judge(
        by_id()["table1/sglr"], Results({"table1": frame}), "digits"
    ).weakest
    assert evidence.value == forwards - 2 and (weakest == "forwards" or forwards == 2)
