"""The table of SGLR's starts, and what stands behind its rows, from accuracies written by hand."""

import pandas as pd
import pytest
from test_tables import accuracies, full

from sglr.artefacts import table_start
from sglr.page.sources import behind
from sglr.plan.plan_files import load_plan
from sglr.plan.runs import make_run

PLAN = load_plan("mini")
EARLY = full({"best": [0.25, 0.27], "final": [0.22, 0.23]})
LATE = full({"best": [0.25], "final": [0.12]})


@pytest.fixture
def frames() -> dict[str, pd.DataFrame]:
    rows = [
        accuracies("at", LATE).assign(r=None, start=None),
        accuracies("sglr", LATE).assign(r=0.8, start=0.45),
        accuracies("sglr", EARLY).assign(r=0.8, start=0.1),
        accuracies("sglr_released", EARLY).assign(r=1.0, start=0.1),
    ]
    return {"table_start": pd.concat(rows)}


def test_a_start_is_a_row_and_its_numbers_are_the_seeds_means(frames):
    found = table_start.numbers(frames)
    row = found[(found["start"] == 0.1) & (found["method"] == "sglr")]
    pgd = row[row["attack"] == "pgd20"].set_index("checkpoint")["mean"]
    assert pgd.to_dict() == pytest.approx(
        {"best": 26, "final": 22.5, "difference": 3.5}
    )
    at = found[found["method"] == "at"].set_index(["attack", "checkpoint"])["mean"]
    assert at["autoattack", "difference"] == pytest.approx(13)


def test_rows_say_from_which_epoch_labels_are_refined(frames):
    printed = table_start.tabulate(frames, PLAN.scale)
    assert list(printed["", "start"]) == ["", "15", "4", "4"]
    assert list(printed["", "seeds"]) == ["1", "1", "2", "2"]
    assert printed["", "method"].iloc[2] == "PGD-AT+SGLR, r = 0.8"
    best = [cell.best for cell in printed["PGD-20", "final"]]
    assert best == [False, False, True, True]


def test_behind_a_row_are_the_runs_of_its_start(frames):
    runs = [
        make_run("cifar10", "sglr", r=r, start=start)
        for r in (0.2, 0.8)
        for start in (0.1, 0.45)
    ]
    index = table_start.tabulate(frames, PLAN.scale).index.to_frame().to_dict("records")
    of_early = behind(index[2], {}, runs, PLAN.scale)
    assert of_early == ["cifar10-sglr-r0.8-start0.1-s0"]
    assert behind(index[1], {}, runs, PLAN.scale) == ["cifar10-sglr-r0.8-s0"]
