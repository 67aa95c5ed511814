"""Table 1's counts, measured on real digits."""

from sglr.evaluation.forwards import count_forwards


def test_forward_counts_are_the_codes(splits):
    rows = count_forwards(splits.train.pixels()[:8], splits.train.labels[:8])
    # KD-SWA: three in the step, and the average's pass that estimates its BatchNorm anew
    assert {row["method"]: row["forwards_measured"] for row in rows} == {"ard": 3, "rslad": 3, "kd_swa": 4, "sglr": 2}
