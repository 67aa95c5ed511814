"""The one rule, from values to verdicts; the paper's own numbers; the numerical checks; the command."""

import math
from pathlib import Path

import pandas as pd
import pytest
from scipy import stats
from tools import ROOT, output, sglr

from sglr.artefacts.collect import collect
from sglr.claims import theory
from sglr.claims.claim import Claim, judge
from sglr.claims.measures import published
from sglr.claims.paper import inconsistencies
from sglr.claims.render import claims
from sglr.claims.verdict import Evidence, Verdict, above, exact, near, over, together
from sglr.collected.results import NotRun, Results
from sglr.plan.plan_files import load_plan


def judged(results: Results, scale: str) -> list:
    return [judge(claim, results, scale) for claim in claims(results)]


def images(value: float, low: float, high: float) -> Evidence:
    return Evidence(value, low, high, basis="test images")


@pytest.mark.parametrize(
    ("evidence", "word", "why"),
    [
        (images(2, 1, 3), "reproduced", "one seed"),
        (images(2, -1, 5), "partly", "within the interval's noise"),
        # An interval that only touches decides nothing.
        (
            images(2, 0, 4),
            "partly",
            "within the interval's noise",
        ),
        (images(-2, -5, 1), "not reproduced", "undecided"),
        (images(-2, -3, -1), "not reproduced", "the opposite holds"),
        # However large: nothing says what it is worth.
        (
            Evidence(50.0),
            "partly",
            "one seed, no interval",
        ),
        (Evidence(-0.1), "not reproduced", "one seed, no interval"),
        (Evidence(0.0), "not reproduced", "one seed, no interval"),
        (over([1.0, 1.1, 0.9]), "reproduced", "seeds"),
        (over([3.0, 0.1, -1.0]), "partly", "seeds"),
        (over([-1.0, -1.1]), "not reproduced", "seeds"),
        (exact(1.0), "reproduced", "exact"),
        (exact(0.0), "not reproduced", "exact"),
    ],
)
def test_a_direction(evidence, word, why):
    found = above(evidence, 0.0)
    assert found.word == word and why in found.why


def test_an_interval_over_images_with_one_seed_says_so():
    assert (
        "one seed, interval over test images, not over seeds"
        in above(images(2, 1, 3), 0).why
    )


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ([50.0, 51.0, 50.5], "reproduced"),
        ([51.4], "partly"),  # within the tolerance, but one seed
        ([52.5, 52.7], "partly"),
        ([53.1], "not reproduced"),
        ([46.8, 47.0], "not reproduced"),
    ],
)
def test_a_value(values, word):
    assert near(over(values), 50.0, 1.5).word == word


def test_the_interval_over_seeds_is_students():
    values = [1.0, 2.0, 4.0]
    found, theirs = over(values), stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high))
    assert (found.value, found.deviation, found.seeds) == pytest.approx(
        (7 / 3, 1.5275252, 3)
    )


@pytest.mark.parametrize("values", [[], [1.0, math.nan], [math.inf]])
def test_no_value_is_made_up(values):
    with pytest.raises(NotRun):
        over(values)


@pytest.mark.parametrize(
    ("words", "together_word"),
    [
        (["reproduced", "reproduced"], "reproduced"),
        (["reproduced", "partly"], "partly"),
        (["reproduced", "not reproduced"], "partly"),
        (["reproduced", "not run"], "partly"),
        (["not reproduced", "not run"], "not reproduced"),
        (["not run", "not run"], "not run"),
    ],
)
def test_parts_of_a_claim(words, together_word):
    assert (
        together({str(n): Verdict(word, "why") for n, word in enumerate(words)}).word
        == together_word
    )


def test_a_claim_by_value_is_not_judged_at_another_scale_and_one_by_direction_is():
    parts = {"": lambda results: over([10.0, 10.1])}
    claim = Claim(
        "a", "b", "part", "c", "d", parts, "e", target=10.0, margin=1.0, by_value=True
    )
    assert judge(claim, Results({}), "paper").verdict.word == "reproduced"
    assert judge(claim, Results({}), "digits").verdict.word == "not run"
    assert judge(claim, Results({}), "digits").measured == {}
    direction = Claim("a", "b", "part", "c", "d", parts, "e")
    assert judge(direction, Results({}), "digits").verdict.word == "reproduced"


def test_every_id_is_one_claim_and_says_how_it_is_judged():
    found = claims(Results({}))
    assert len({claim.id for claim in found}) == len(found)
    assert all(
        claim.reason and claim.text and claim.quantity and claim.parts
        for claim in found
    )


def test_every_cell_of_the_tables_is_a_claim():
    cells = [
        claim.id
        for claim in claims(Results({}))
        if claim.target is not None and claim.by_value
    ]
    assert sum(name.startswith("table4") for name in cells) == 30
    # SGLR's row beside both of our variants.
    assert sum(name.startswith("table2") for name in cells) == (7 + 1) * 9
    assert sum(name.startswith("table3") for name in cells) == (8 + 2) * 9


def test_with_nothing_collected_every_empirical_claim_is_not_run():
    words = {
        record.claim.id: record.verdict.word for record in judged(Results({}), "paper")
    }
    checks = {
        "proposition1",
        "proposition2",
        "gradient",
        "lemma1/reverse",
        "lemma1/absolute",
        "theorem2",
    }
    assert {name for name, word in words.items() if word != "not run"} == checks


def test_the_papers_own_cells_are_at_most_partly_reproduced_by_one_run_of_the_paper():
    records = [
        record
        for record in judged(published(), "paper")
        if record.claim.target is not None
    ]
    words = {record.verdict.word for record in records if record.claim.by_value}
    assert words == {"partly"}  # each is its own value, but from one seed


def test_the_papers_inconsistencies_are_those_known():
    """Facts read off the paper by hand: what must be found, and how many of each kind."""
    found = inconsistencies()
    kinds = {
        kind: [item for item in found if item.kind == kind]
        for kind in {item.kind for item in found}
    }
    beyond = [item for item in kinds["difference"] if "more than rounding" in item.what]
    assert [item.where for item in beyond] == ["table3 cifar10 trades_sglr natural"]
    assert {item.where for item in kinds["difference"]} - {beyond[0].where} == {
        "table2 cifar10 at natural",
        "table3 cifar10 at natural",
        "table2 cifar10 ls autoattack",
        "table2 cifar10 kd_swa natural",
        "table3 cifar100 trades natural",
    }
    assert any(
        "43.7 / 45.7 / 45.8" in item.what and "2.1 apart" in item.what
        for item in kinds["r = 0"]
    )
    assert [item.what.split(": ", 1)[1] for item in kinds["headline"]] == [
        "best 56.4: sglr, diff 0.4: trades_sglr"
    ]
    mixed = [
        item.where
        for item in kinds["quoted"]
        if "which is pgd10, not pgd20" in item.what
    ]
    assert mixed == ["table2 cifar10 te pgd20", "table3 cifar10 trades pgd20"]
    assert any(
        "54.9 at T = 1, 55.9 at T = 1.5" in item.what for item in kinds["temperature"]
    )
    assert any("T = 1.5 with 82.9 / 55.9" in item.what for item in kinds["main result"])
    text = " ".join(item.what for item in kinds["text"])
    assert (
        "kd_swa autoattack: -1.1" in text
        and "natural best: -0.8" in text
        and "(T = 1.5)" in text
    )
    assert len(kinds["text"]) == 3


@pytest.mark.parametrize(
    "name",
    ["proposition1", "gradient", "proposition2", "lemma1/reverse", "lemma1/absolute"],
)
def test_a_numerical_check_holds_and_its_control_fails(name):
    (claim,) = (claim for claim in theory.theory() if claim.id == name)
    assert judge(claim, Results({}), "digits").verdict.word == "reproduced"


def test_a_check_whose_control_holds_as_well_shows_nothing():
    assert theory.checked(lambda: 0.0, lambda: 0.0).value == math.inf
    assert theory.checked(lambda: 0.0, lambda: 1.0).value == 0.0


def test_the_controls_themselves_fail():
    errors = [
        theory.proposition1(True),
        theory.gradient(held=False),
        theory.proposition2(2.0),
    ]
    assert min(*errors, theory.lemma1(theory.cross_entropy)) > 0.01


def test_theorem_2_holds_for_the_symmetric_part_alone():
    (claim,) = (claim for claim in theory.theory() if claim.id == "theorem2")
    record = judge(claim, Results({}), "digits")
    assert (
        record.verdict.word == "partly"
        and record.measured["all of SGLR, r = 0.2"].value > 1e-3
    )


@pytest.fixture(scope="module")
def mini(tmp_path_factory) -> Path:
    """Three committed runs of the mini scale, seed 0, collected and judged by the user's commands."""
    folder = tmp_path_factory.mktemp("mini")
    (folder / "results/mini/runs").mkdir(parents=True)
    for method in ("at", "sglr_released", "at_wa"):
        run = f"results/mini/runs/cifar10-{method}-s0"
        (folder / run).symlink_to(ROOT / run)
    for artefact in ("table2", "table3", "figure2", "figure3"):
        collect(artefact, load_plan("mini"), folder / "results")
    output(sglr(folder, "collect", "evidence", scale="mini"))
    (folder / "printed").write_text(output(sglr(folder, "claims", scale="mini")))
    return folder


def test_the_command_prints_what_it_writes(mini):
    table = pd.read_csv(
        mini / "results/mini/claims.csv", dtype=str, keep_default_na=False
    ).set_index("id")
    assert len(table) == len(claims(Results({})))
    printed = (mini / "printed").read_text()
    for word in ("reproduced", "partly", "not reproduced"):
        assert f"{(table['verdict'] == word).sum()} {word}" in printed.splitlines()[-1]
    markdown = (mini / "results/mini/claims.md").read_text()
    assert "judged by direction only" in markdown and "mini: 4,000" in markdown
    assert "more than rounding" in markdown


def test_what_the_committed_runs_show(mini):
    """Of seed 0 alone; the README has all three."""
    table = pd.read_csv(
        mini / "results/mini/claims.csv", dtype=str, keep_default_na=False
    ).set_index("id")
    overfits = table.loc["overfitting/at/ten_classes"]
    assert overfits["verdict"] == "reproduced" and "one seed" in overfits["why"]
    assert "pgd20: +10.10 [+8.25, +12.10]" in overfits["parts"]
    assert table.loc["worth/sglr_released/at_wa", "verdict"] == "reproduced"
    # The other rivals were not run.
    assert table.loc["order/autoattack/final/sglr_released", "verdict"] == "partly"
    # Its best epoch is the 4th of 32.
    assert table.loc["figure2/after-drop", "verdict"] == "not reproduced"
    assert table.loc["theorem1/ls", "verdict"] == "not run"
    # 6 % of the process's own seconds.
    assert table.loc["overhead/sglr_released", "verdict"] == "reproduced"
    assert set(table[table["judged by"] == "value"]["verdict"]) == {"not run"}


def test_with_nothing_collected_only_what_needs_no_training_is_judged(tmp_path):
    output(sglr(tmp_path, "claims"))
    table = pd.read_csv(
        tmp_path / "results/smoke/claims.csv", dtype=str, keep_default_na=False
    ).set_index("id")
    judged = table[table["verdict"] != "not run"].index
    assert {"proposition1", "proposition2", "theorem2"} <= set(judged) and len(
        judged
    ) < 8
