"""The ledger's measures on cases worked out by hand: each turns, shifts or vanishes as its words say."""

import math

import pandas as pd
import pytest

from sglr.claims import counts, noise, series, tables
from sglr.collected.results import NotRun, NotTestable, Results
from sglr.plan.names import TEN


def curve(values: list[float], column: str = "value", **names: object) -> pd.DataFrame:
    rows = pd.DataFrame({"epoch": range(1, len(values) + 1), column: values})
    return rows.assign(**names)


def by_quarter(*values: float) -> list[float]:
    return [value for value in values for _ in range(10)]


# Curves.


def test_a_quarter_is_its_median():
    values = pd.Series([1, 9, 2, 50, 3, 4, 5, 6], index=range(1, 9))
    assert [series.quarter(values, number) for number in (1, 2, 3, 4)] == [
        5,
        26,
        3.5,
        5.5,
    ]


def test_growth_is_the_last_quarter_over_the_last_before_the_drop():
    rows = curve(by_quarter(7, 2, 9, 4), quantity="gradient_norm")
    assert series.growth(rows, quantity="gradient_norm") == pytest.approx(math.log(2))
    assert series.vanished(rows) == pytest.approx(math.log(4 / 7))
    with pytest.raises(NotRun):
        series.growth(rows, quantity="information_in_weights")


def test_a_flat_curve_swings_by_nothing_and_a_see_saw_does_though_it_ends_where_it_began():
    """Of 40 epochs the rate drops in the 20th; what comes after it does not count, nor do the first four."""
    flat = [50.0] * 4 + [3.0] * 15 + [9.0] * 21
    see_saw = [1.0, 8.0] * 20
    for values, swing in ((flat, 0), (see_saw, math.log(8))):
        rows = curve(values, quantity="q")
        assert series.swing(rows, quantity="q") == pytest.approx(swing)


@pytest.mark.parametrize(
    ("before", "after", "new"), [(10, 15, -5), (10, 25, 5), (-3, 4, 4)]
)
def test_a_gap_is_new_where_it_more_than_doubles(before, after, new):
    train = by_quarter(0.5, 0.5 + before / 100, 0.5, 0.5 + after / 100)
    rows = [curve(train, quantity="train_accuracy")]
    rows.append(curve([0.5] * 40, quantity="test_pgd20_accuracy"))
    assert series.new_gap(pd.concat(rows)) == pytest.approx(new)


def test_the_peak_and_the_fall_of_figure_2():
    """Of 8 epochs the 4th is the first slower one, so the peak in the 5th is 2 after the last fast one."""
    at = curve(
        [0.1, 0.2, 0.3, 0.4, 0.5, 0.4, 0.3, 0.2], "accuracy", method="at", split="test"
    )
    ls = curve([0.5, 0.4] + [0.45] * 6, "accuracy", method="ls", split="test")
    rows = pd.concat([at, ls])
    assert series.peak_after_drop(rows, method="at") == 2
    assert series.peak_after_drop(rows, method="ls") == -2
    assert series.falls_less(rows, method="ls", other="at") == pytest.approx(30 - 5)
    assert series.falls_less(rows, method="at", other="ls") == pytest.approx(5 - 30)
    assert series.highest(rows, method="ls", split="test") == 50


def test_confidence_later_is_less_confidence_before_the_drop():
    rows = curve(by_quarter(0.9, 0.3, 0.9, 0.7), "confidence", input="natural")
    assert series.later(rows, images="natural", column="confidence") == pytest.approx(
        40
    )


def test_final_networks_are_compared():
    rows = pd.DataFrame(
        [("at", 8.0, 0.5), ("ls", 2.0, 0.3)],
        columns=["method", "information_settled", "ece"],
    )
    less = series.less_information(rows, method="ls", other="at")
    assert less == pytest.approx(math.log(4))
    assert series.final_below(
        rows, method="ls", other="at", column="ece"
    ) == pytest.approx(20)


# Label noise.


def noisy(hard: list[float], soft: list[float]) -> pd.DataFrame:
    """Test accuracies; training ends at 1 for hard labels, at 0.6 for SGLR, 0.62 on its way."""
    shared = {"true_portion": 0.64, "untouched_portion": 0.6}
    parts = []
    for method, r, test, train in (
        ("standard", float("nan"), hard, 1.0),
        ("standard_sglr", 1.0, soft, 0.6),
    ):
        names = {"method": method, "r": r} | shared
        parts.append(curve(test, "accuracy", split="test", **names))
        along = [0.62] + [train] * (len(test) - 1)
        parts.append(curve(along, "accuracy", split="train", **names))
    return pd.concat(parts)


def test_figure_4_by_hand():
    rows = noisy([0.5, 0.7, 0.4], [0.5, 0.1, 0.9])
    assert noise.above_portion(rows, key="1", portion="untouched") == pytest.approx(2)
    assert noise.above_portion(rows, key="hard", portion="true") == pytest.approx(36)
    assert noise.generalisation(rows, key="hard") == pytest.approx(60)
    assert noise.smaller_gap(rows, key="1", other="hard") == pytest.approx(
        60 - (60 - 90)
    )
    assert noise.collapse(rows, key="hard") == pytest.approx(30)
    assert noise.ends_higher(rows, key="1", other="hard") == pytest.approx(50)
    assert noise.ends_higher(rows, key="hard", other="1") == pytest.approx(-50)
    with pytest.raises(NotRun):
        noise.collapse(rows, key="0.2")


def test_growing_steadily_is_never_falling_wherever_it_ends():
    """50 % to 10 % and up to 97 %: the end alone would call that growth."""
    rows = noisy([0.5] * 3, [0.5, 0.1, 0.97])
    assert noise.drawdown(rows, key="1") == pytest.approx(40)
    assert noise.drawdown(noisy([0.5] * 3, [0.1, 0.2, 0.9]), key="1") == 0
    assert noise.steady_gain(rows, key="1", fall=5) == pytest.approx(5 - 40)


@pytest.mark.parametrize(
    ("test", "value"),
    [
        ([0.1, 0.5, 0.48, 0.9], 5 - 2),  # grows, but for a fall of 2 points
        ([0.5, 0.5, 0.5], 0),  # never falls, and never grows
        ([0.5, 0.49, 0.48], -2),  # falls slowly
    ],
)
def test_what_stays_level_does_not_grow(test, value):
    rows = noisy([0.5] * len(test), test)
    assert noise.steady_gain(rows, key="1", fall=5) == pytest.approx(value)


def test_figure_5_by_hand():
    rows = pd.DataFrame(
        [
            ("standard", 0.0, 2.0, 0.5),
            ("standard_sglr", 0.0, 1.5, 0.6),
            ("standard", 0.6, 9.0, 0.1),
            ("standard_sglr", 0.6, 3.0, 0.4),
        ],
        columns=["method", "noise", "variance_ratio", "silhouette"],
    )
    less_scattered = noise.separable(
        rows, column="variance_ratio", other="standard", noise=0.6
    )
    assert less_scattered == pytest.approx(6)
    assert noise.keeps(rows, column="silhouette", other="standard") == pytest.approx(
        0.3 - 0.1
    )
    with pytest.raises(NotRun):
        noise.separable(rows, column="silhouette", other="standard_ls", noise=0.6)


# Tables: accuracies of networks on the same images.


def answered(**cells: str) -> Results:
    """Answers of PGD-20, by METHOD_CHECKPOINT: one text of bits a seed, set apart by blanks."""
    rows = []
    for name, texts in cells.items():
        method, _, checkpoint = name.rpartition("_")
        for seed, text in enumerate(texts.split()):
            place = {"role": TEN, "attack": "pgd20", "cell": method, "method": method}
            where = {"checkpoint": checkpoint, "seed": seed, "epoch": 9, "starts": 1}
            rows.append(
                place
                | where
                | {"correct": f"b{text}", "accuracy": text.count("1") / len(text)}
            )
    return Results({"answers": pd.DataFrame(rows)})


BOTH = {
    "at_best": "1110 1111",
    "at_final": "1000 1100",
    "sglr_best": "1110 1110",
    "sglr_final": "1100 1110",
}
HERE = {"role": TEN, "attack": "pgd20"}


def test_sums_of_accuracies_are_paired_by_seed_and_image():
    results = answered(**BOTH)
    lost = tables.lost(results, **HERE, method="at")
    assert (
        lost.value == pytest.approx((50 + 50) / 2)
        and lost.basis == "2 seeds x 4 images"
    )
    less = tables.lost_less(results, **HERE, method="sglr", other="at")
    assert less.value == pytest.approx((50 - 25 + 50 - 0) / 2)
    ends = {"one": "sglr", "other": "at", "checkpoint": "final"}
    assert tables.difference(results, **HERE, **ends).value == pytest.approx(25)
    turned = {"one": "at", "other": "sglr", "checkpoint": "final"}
    assert tables.difference(results, **HERE, **turned).value == pytest.approx(-25)


def test_pairing_images_sharpens_the_interval():
    """Half the images differ by the same one answer; unpaired, the error would be that of two accuracies."""
    same = "10" * 100
    one, other = same, "00" + same[2:]
    results = answered(sglr_final=one, at_final=other)
    found = tables.difference(
        results, **HERE, one="sglr", other="at", checkpoint="final"
    )
    error, _ = found.tests[0]
    assert found.value == pytest.approx(0.5) and error < 1  # points; unpaired 5


def test_seeds_that_only_one_has_are_left_out_and_none_in_common_is_not_run():
    results = answered(sglr_final="1111 1111", at_final="0000")
    ends = {"one": "sglr", "other": "at", "checkpoint": "final"}
    assert tables.difference(results, **HERE, **ends).value == 100
    rows = results.frames["answers"]
    moved = rows.assign(seed=rows["seed"].where(rows["method"] != "at", 7))
    with pytest.raises(NotRun, match="no seed in common"):
        tables.difference(Results({"answers": moved}), **HERE, **ends)


def test_a_network_beside_itself_and_one_from_before_its_start_are_not_testable():
    results = answered(**BOTH)
    with pytest.raises(NotTestable, match="itself"):
        tables.difference(results, **HERE, one="at", other="at", checkpoint="best")
    rows = results.frames["answers"]
    early = Results({"answers": rows.assign(starts=rows["method"].eq("sglr") * 15)})
    with pytest.raises(NotTestable, match="precedes its start"):
        tables.difference(early, **HERE, one="sglr", other="at", checkpoint="best")
    final = tables.difference(early, **HERE, one="sglr", other="at", checkpoint="final")
    assert final.value == pytest.approx(25)


def test_best_is_the_checkpoint_that_the_results_mean_by_it():
    cells = BOTH | {"at_best_validation": "1000 1000"}
    rows = answered(
        **{name: text for name, text in cells.items() if "validation" not in name}
    )
    frame = rows.frames["answers"]
    held_out = frame[frame["checkpoint"] == "best"].assign(
        checkpoint="best_validation", correct="b1000", accuracy=0.25
    )
    both = Results({"answers": pd.concat([frame, held_out])}, best="best_validation")
    assert tables.lost(both, **HERE, method="at").value == pytest.approx((0 - 25) / 2)


def test_steps_timed_in_turn_are_compared_pair_by_pair():
    rows = pd.DataFrame({"at": [1.0, 2.0, 4.0], "sglr": [1.1, 2.1, 4.4]})
    found = counts.overhead(Results({"overhead": rows}), method="sglr", other="at")
    assert found.value == pytest.approx((10 + 5 + 10) / 3)
    with pytest.raises(NotRun):
        counts.overhead(Results({"overhead": rows}), method="awp", other="at")
