"""Paired differences against closed forms; the headline table's cells."""

import json
from math import comb
from types import SimpleNamespace

import pandas as pd
import pytest
from tools import evaluation_of, manifest_of

from sglr.artefacts.collect import collect
from sglr.artefacts.render import render
from sglr.collected.paired import mean_interval, paired_difference
from sglr.files.errors import NotYet
from sglr.files.records import write_json
from sglr.plan.plan_files import load_plan

SCALE = SimpleNamespace(label="a label", attack=SimpleNamespace(test_steps=20))


def bits(both: int, first: int, second: int, neither: int) -> tuple[str, str]:
    """Two rows of images, of which so many are correct in both, in one alone, in neither."""
    return "1" * (both + first) + "0" * (
        second + neither
    ), "1" * both + "0" * first + "1" * second + "0" * neither


def test_difference_and_exact_p_value():
    found = paired_difference(*bits(20, 9, 3, 18))
    assert found["difference"] == pytest.approx(6 / 50)
    assert found["p_value"] == pytest.approx(
        2 * sum(comb(12, k) for k in range(4)) / 2**12
    )


def test_the_interval_is_near_the_normal_one_and_pairs_the_images():
    one, other = bits(300, 80, 40, 580)
    found = paired_difference(one, other)
    error = ((120 / 1000 - 0.04**2) / 1000) ** 0.5
    assert found["low"] == pytest.approx(0.04 - 1.96 * error, abs=0.004)
    assert found["high"] == pytest.approx(0.04 + 1.96 * error, abs=0.004)
    # Unpaired is wider.
    assert (
        found["low"]
        > 0.04 - 1.96 * (0.38 * 0.62 / 1000 + 0.34 * 0.66 / 1000) ** 0.5 + 0.005
    )


@pytest.mark.parametrize(
    "one, other, difference", (("1010", "1010", 0), ("1111", "0000", 1))
)
def test_without_variation_the_interval_is_a_point(one, other, difference):
    found = paired_difference(one, other)
    assert (found["difference"], found["low"], found["high"]) == (difference,) * 3
    assert found["p_value"] == (0.125 if difference else 1)


def test_the_interval_over_seeds_is_the_textbooks():
    # Sd 0.036056, t of 2 degrees at 97.5 %: 4.3027.
    mean, low, high = mean_interval([0.08, 0.10, 0.15])
    assert (mean, low, high) == pytest.approx(
        (0.11, 0.11 - 0.089567, 0.11 + 0.089567), abs=1e-6
    )


def network(correct: str) -> dict:
    """An evaluation's entry; AutoAttack has the first five images."""
    counted = {"num_images": 10, "natural_accuracy": 0.5}
    pgd20 = {"pgd20_accuracy": correct.count("1") / 10, "pgd20_correct": correct}
    attacked = {"num_images": 5, "correct": correct[:5]}
    attacked |= {"accuracy": correct[:5].count("1") / 5}
    return counted | pgd20 | {"autoattack": attacked}


@pytest.fixture
def collected(tmp_path):
    plan = load_plan("smoke")
    for run in plan.runs_of["headline"]:
        final = "1100000000" if run.method == "at" else "1111110000"
        entry, best = network(final), network("1111000000")
        folder = tmp_path / "smoke/runs" / run.id
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text(json.dumps(manifest_of(plan, run)))
        (folder / "evaluation.json").write_text(
            json.dumps(evaluation_of({"best": best, "final": entry}))
        )
    collect("headline", plan, tmp_path)
    return tmp_path / "smoke"


def row(folder, method: str, attack: str, quantity: str) -> pd.Series:
    table = pd.read_csv(folder / "tables/headline.csv")
    return table.set_index(["method", "attack", "quantity"]).loc[
        method, attack, quantity
    ]


def test_cells_of_the_headline_table(collected):
    render("headline", SCALE, collected, collected)
    at = [
        row(collected, "at", "pgd20", name)["mean"]
        for name in ("best", "final", "loss")
    ]
    assert at == pytest.approx([40, 20, 20])
    table = pd.read_csv(collected / "tables/headline.csv")
    assert not ((table["method"] == "at") & (table["quantity"] == "gain")).any()
    gain = row(collected, "sglr", "pgd20", "gain")
    assert (gain["mean"], gain["p_value"]) == pytest.approx((40, 0.125))
    assert gain["low"] < 40 < gain["high"] and gain["interval_over"] == "images"
    assert row(collected, "at", "autoattack", "best")["num_images"] == 5
    text = (collected / "tables/headline.md").read_text()
    assert "a label" in text and "+40.0 [" in text and "], p = 0.12 " in text
    assert r"\begin{table*}" in (collected / "tables/headline.tex").read_text()


def test_several_seeds_are_one_row_with_an_interval_over_seeds(collected):
    one = pd.read_csv(collected / "collected/headline.csv")
    shifted = one.assign(
        seed=1,
        final=(one["final"] + 0.1).clip(upper=1),
        loss_difference=one["loss_difference"] - 0.1,
    )
    (collected / "collected/headline.sha256").unlink()  # of one seed alone
    pd.concat([one, shifted]).to_csv(collected / "collected/headline.csv", index=False)
    render("headline", SCALE, collected, collected)
    at, final = (row(collected, "at", "pgd20", name) for name in ("loss", "final"))
    assert (at["num_seeds"], at["interval_over"]) == (2, "seeds")
    assert (final["mean"], final["standard_deviation"]) == pytest.approx(
        (25, 7.071), abs=1e-3
    )
    # 20 and 10 points: mean 15, Student's t with one degree of freedom: 12.706 sd / sqrt 2.
    assert (at["mean"], at["low"], at["high"]) == pytest.approx(
        (15, -48.53, 78.53), abs=0.01
    )
    assert pd.isna(at["p_value"])


def test_a_headline_without_pgd_at_is_not_run_yet(tmp_path):
    plan = load_plan("smoke")
    for run in plan.runs_of["headline"]:
        folder = tmp_path / "smoke/runs" / run.id
        write_json(folder / "manifest.json", manifest_of(plan, run))
        bits = {"num_images": 4, "natural_accuracy": 0.5, "autoattack": None}
        bits |= {"pgd20_accuracy": 0.5, "pgd20_correct": "0101"}
        found = evaluation_of(dict.fromkeys(("best", "final"), bits))
        if run.method != "at":
            write_json(folder / "evaluation.json", found)
    with pytest.raises(NotYet, match="no seed of it has PGD-AT evaluated yet"):
        collect("headline", plan, tmp_path)
