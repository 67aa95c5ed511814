"""Placebos: where there is nothing to find, nothing may be found; else the claim is void."""

from dataclasses import replace
from functools import cache
from itertools import product

import pandas as pd
import pytest
from committed_ledger import LEDGER, MINI

from sglr.claims import ledger
from sglr.claims.claim import stated
from sglr.claims.ledger import Data, judge_all, placebo_word
from sglr.claims.placebos import PLACEBOS
from sglr.claims.render import claims, read_all
from sglr.collected.results import Results
from sglr.plan.plan_files import load_plan


@cache
def mini() -> Results:
    return read_all(load_plan("mini"), MINI)


@pytest.fixture(scope="module")
def words() -> dict[str, str]:
    """What becomes of each claim that mini can judge, on its placebo."""
    data, found = Data(mini()), {}
    for claim in claims(mini()):
        if LEDGER.loc[claim.id, "p_value"]:
            found[claim.id] = placebo_word(claim, data)
    return found


def test_no_placebo_is_reproduced(words):
    assert len(words) > 60
    assert [name for name, word in words.items() if word == "reproduced"] == []


def test_a_placebo_can_be_reproduced_and_then_the_claim_is_void(monkeypatch):
    """A change of the data that changes nothing leaves the effect there."""
    (claim,) = [claim for claim in stated() if claim.id == "overfitting/at/ten_classes"]
    (sound,) = judge_all([claim], mini(), "mini")
    assert (sound.word, sound.placebo) == ("reproduced", "undecided")
    unchanged = {"answers shuffled": lambda results, draw: results}
    monkeypatch.setattr(ledger, "PLACEBOS", unchanged)
    (void,) = judge_all([claim], mini(), "mini")
    assert void.word == "undecided" and "void" in void.why


KINDS_OF_PLACEBO = {
    # a claim that holds at mini where it is judged alone -> what spoils it for its placebo
    "overfitting/at/ten_classes": "answers shuffled",
    "figure3/correct-rises": "epochs shuffled",
    "figure5/more-separable/noise0.4": "names swapped",
    "figure4/hard-memorises": "labels right",
    "figure4/hard-collapses": "curves sorted",
    "figure2/falls-less/sglr_released-at": "other arguments",
    "proposition1": "other arguments",
}


@pytest.mark.parametrize("name", KINDS_OF_PLACEBO)
def test_each_kind_of_placebo_can_be_reproduced(name, monkeypatch):
    """One that spoils nothing is reproduced as well, and the claim void."""
    (claim,) = [claim for claim in stated() if claim.id == name]
    spoils = claim.placebo if isinstance(claim.placebo, str) else "other arguments"
    (sound,) = judge_all([claim], mini(), "mini")
    assert (sound.word, spoils) == ("reproduced", KINDS_OF_PLACEBO[name])
    assert sound.placebo != "reproduced"
    unchanged = dict.fromkeys(PLACEBOS, lambda results, draw: results)
    monkeypatch.setattr(ledger, "PLACEBOS", unchanged)
    if spoils == "other arguments":
        claim = replace(claim, placebo={})
    (void,) = judge_all([claim], mini(), "mini")
    assert (void.word, void.placebo) == ("undecided", "reproduced")


def test_no_other_method_makes_a_comparison_of_two_void():
    """Points lost: AT 10, LS 1, SGLR 0.5, released 5. Released above LS is nothing to SGLR."""
    lost = {"at": 0.10, "ls": 0.01, "sglr": 0.005, "sglr_released": 0.05}
    rows = []
    for method, loss in lost.items():
        for seed in range(3):
            for epoch, accuracy in enumerate(
                (0.2, 0.4, 0.4 - loss * (1 + seed / 50)), 1
            ):
                row = {"method": method, "seed": seed, "split": "test"}
                rows.append(row | {"epoch": epoch, "accuracy": accuracy})
    results = Results({"figure2": pd.DataFrame(rows)})
    claims_of_two = [c for c in stated() if c.id.startswith("figure2/falls-less")]
    found = {each.claim.id: each for each in judge_all(claims_of_two, results, "mini")}
    assert found["figure2/falls-less/sglr-at"].word == "reproduced"
    assert found["figure2/falls-less/ls-at"].word == "reproduced"
    assert found["figure2/falls-less/sglr_released-ls"].word == "contradicted"
    assert {each.placebo for each in found.values()} == {"contradicted", "reproduced"}


def test_what_hard_labels_do_is_not_void_where_sglr_does_it_too():
    """Both memorise nine labels in ten of which six are true, and lose 30 points of test accuracy from their peak."""
    rows = []
    for method, r in (("standard", None), ("standard_sglr", 1.0)):
        for seed, split in product(range(3), ("train", "test")):
            end = 0.9 if split == "train" else 0.5 + seed / 100
            for epoch, accuracy in enumerate((0.2, 0.8, end), 1):
                row = {"method": method, "r": r, "seed": seed, "split": split}
                row |= {"true_portion": 0.64 + seed / 1000, "untouched_portion": 0.6}
                rows.append(row | {"epoch": epoch, "accuracy": accuracy})
    names = ("figure4/hard-memorises", "figure4/hard-collapses")
    of_hard = [claim for claim in stated() if claim.id in names]
    found = judge_all(of_hard, Results({"figure4": pd.DataFrame(rows)}), "mini")
    assert [each.word for each in found] == ["reproduced"] * 2
    assert "reproduced" not in {each.placebo for each in found}
