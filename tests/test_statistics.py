"""The ledger's statistics against closed forms, scipy and numbers worked out by hand."""

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from sglr.claims.statistics import crossed, holm, p_above, pooled, reach, student
from sglr.claims.verdict import (
    Evidence,
    Parts,
    Rule,
    exact,
    over_images,
    over_seeds,
    side,
)
from sglr.collected.results import NotRun


def test_students_p_value_and_interval_are_scipys():
    values = [0.8, 1.0, 1.5, 2.1]
    found = over_seeds(values)
    theirs = stats.ttest_1samp(values, 0.9, alternative="greater")
    assert found.above(0.9) == pytest.approx(theirs.pvalue)
    assert found.below(0.9) == pytest.approx(1 - theirs.pvalue)
    ends = stats.ttest_1samp(values, 0).confidence_interval()
    assert found.interval == pytest.approx((ends.low, ends.high))


def test_seeds_and_images_resampled_together_have_the_error_of_both():
    """Of seed effects a and image effects b, independent: var(mean) = var(a)/S + var(b)/I."""
    generator = np.random.default_rng(0)
    seeds, images = 8, 500
    a, b = generator.normal(size=(seeds, 1)), 10 * generator.normal(size=(1, images))
    error, freedom = crossed(a + b)
    of_seeds, of_images = a.var(ddof=1) / seeds, b.var(ddof=1) / images
    assert error**2 == pytest.approx(of_seeds + of_images, rel=0.1)
    assert crossed(a + 0 * b)[1] == pytest.approx(seeds - 1)
    assert seeds - 1 < freedom < seeds + images
    # Either alone would be too small.
    assert error**2 > 1.2 * max(of_seeds, of_images)


def test_one_seeds_images_alone_decide_nothing_that_seeds_differ_by():
    values = np.tile([0.0, 0.0, 0.0, 8.0], (1, 100))  # mean 2, standard error 0.17
    small, large = (0.1, 10.0), (2.0, 10.0)  # by how much seeds differ
    assert over_images(values, small).above(0) < 0.001
    assert over_images(values, large).above(0) > 0.1
    assert over_images(values, None).above(0) == 0.5
    assert over_images(values, large).basis.startswith("one seed")


def test_few_seeds_that_are_close_by_chance_are_no_surer_than_seeds_are():
    """Where nothing is, at 1 % one in a hundred is found; by their own spread two seeds find four."""
    generator, found, alone = np.random.default_rng(0), 0, 0
    for _ in range(1000):
        seeds = 3 * generator.normal(size=(2, 1))
        values = seeds + 20**0.5 * generator.normal(size=(1, 20))
        others = (3 * (generator.chisquare(8) / 8) ** 0.5, 8.0)
        for between in (others, None):
            tested = over_images(values, between)
            sure = 2 * min(tested.above(0), tested.below(0)) < 0.01
            found += sure and between is not None
            alone += sure and between is None
    assert found <= 15 < 30 < alone


def test_the_mean_of_several_seeds_differs_by_less_than_one_seed():
    """By the square root of their number: of four, by half as much."""
    found = over_images(np.tile([0.0, 1.0], (4, 50)), (3.0, 8.0))
    assert found.tests[1] == (1.5, 8.0)


def test_how_much_seeds_differ_is_pooled_within_methods():
    groups = [np.array([1.0, 3.0]), np.array([10.0, 10.0, 13.0])]
    assert pooled(groups) == pytest.approx((((2 + 6) / 3) ** 0.5, 3))
    assert pooled([np.array([1.0])]) is None


def test_holm_is_the_textbooks():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == [] and holm([0.9, 0.9]) == [1, 1]


def test_holm_is_the_closed_test_of_bonferronis():
    """By definition: a p-value is the largest of |S| min(S) over every set S of claims with it (Marcus et al. 1976)."""
    generator = np.random.default_rng(0)
    for count in (2, 5, 8):
        p = generator.uniform(size=count) ** 3
        sets = [
            list(some)
            for size in range(1, count + 1)
            for some in combinations(range(count), size)
        ]
        expected = [
            max(min(1, len(some) * p[some].min()) for some in sets if n in some)
            for n in range(count)
        ]
        assert holm(list(p)) == pytest.approx(expected)


def test_a_single_value_decides_nothing_and_none_is_made_up():
    found = over_seeds([3.0])
    assert not found.decides and found.interval is None and found.above(0) == 1
    assert reach(found.tests) == np.inf
    for values in ([], [1.0, float("nan")], [float("inf")]):
        with pytest.raises(NotRun):
            over_seeds(values)


def evidence(value: float, error: float) -> Evidence:
    return Evidence(value, ((error, 1e6),))


def test_a_direction_is_one_sided_at_half_the_level():
    rule = Rule(low=0)
    words = []
    for value in (2.1, 1.9, -1.9, -2.1):
        found = evidence(value, 1)
        words.append(side(rule.holds(found), rule.opposite(found)))
    assert words == ["reproduced", "undecided", "undecided", "contradicted"]


def test_equivalence_is_two_one_sided_tests_and_no_difference_is_no_proof():
    """Within 1 of 0: a sharp 0.2 is, a sharp 3 is not, a blurred 0.2 tells nothing."""
    rule = Rule(-1, 1)
    assert rule.holds(evidence(0.2, 0.1)) == pytest.approx(stats.norm.sf(8), abs=1e-6)
    words = []
    for value, error in ((0.2, 0.1), (0.2, 1), (3, 0.1), (-3, 0.1)):
        found = evidence(value, error)
        words.append(side(rule.holds(found), rule.opposite(found)))
    assert words == ["reproduced", "undecided", "contradicted", "contradicted"]


def test_all_parts_must_hold_and_one_opposite_contradicts():
    rule, yes, no, open_ = Rule(low=0), evidence(9, 1), evidence(-9, 1), evidence(0, 1)

    def word(*parts: Evidence) -> str:
        some = Parts({str(n): part for n, part in enumerate(parts)})
        return side(some.holds(rule), some.opposite(rule))

    assert word(yes, yes) == "reproduced"
    assert word(yes, open_) == "undecided"
    assert word(yes, yes, no) == "contradicted"
    # Each of n parts has its chance to be opposite: 0.02 of one of three is 0.06 of any.
    weak = evidence(-2.05, 1)
    assert word(weak) == "contradicted" and word(weak, open_, open_) == "undecided"
    missing = Parts({"a": yes}, {"b": ("not run", "b was not run")})
    assert side(missing.holds(rule), missing.opposite(rule)) == "undecided"
    assert missing.counts(rule) == "1 reproduced, 1 not run"


def test_what_is_exact_needs_no_interval():
    assert (exact(0.0).below(1e-9), exact(1.0).below(1e-9)) == (0, 1)
    assert exact(2.0).above(1) == 0 and exact(2.0).decides


def test_values_without_spread_are_certain_but_for_the_bound_itself():
    assert p_above(1, 0, [student([1.0, 1.0])]) == 0
    assert p_above(0, 0, [student([0.0, 0.0])]) == 1
