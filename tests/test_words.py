"""Numbers in words: by hand."""

import pandas as pd
import pytest

from sglr.artefacts.words import mean_of_seeds, seeds


@pytest.mark.parametrize(
    ("rows", "words"),
    (
        ([("at", 0), ("sglr", 0)], "one seed"),
        ([("at", 0), ("sglr", 1)], "one seed"),  # each line is of one
        ([("at", 0), ("at", 1), ("te", 0), ("te", 1)], "mean of 2 seeds"),
        ([("at", 0), ("te", 0), ("te", 1), ("te", 2)], "1 to 3 seeds"),
    ),
)
def test_of_how_many_seeds_each_line_is(rows, words):
    frame = pd.DataFrame(rows, columns=["method", "seed"])
    assert mean_of_seeds(frame) == words
    assert seeds(frame).startswith(words) and (
        ("band" in seeds(frame)) == (words != "one seed")
    )


def test_lines_of_other_refinement_or_noise_are_told_apart():
    frame = pd.DataFrame({"method": "sglr", "seed": [0, 0, 1], "r": [None, 0.2, 0.2]})
    assert mean_of_seeds(frame) == "1 to 2 seeds"
    frame = pd.DataFrame({"method": "at", "seed": [0, 1, 0], "noise": [0, 0, 0.4]})
    assert mean_of_seeds(frame) == "1 to 2 seeds"


def test_a_frame_of_one_line_counts_its_seeds():
    assert mean_of_seeds(pd.DataFrame({"seed": [0, 1, 1]})) == "mean of 2 seeds"
