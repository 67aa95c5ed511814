"""The ledger as a whole: what the command writes, what is corrected, and what is judged at which scale."""

import shutil

import pytest
from committed_ledger import LEDGER, MINI
from tools import output, sglr

from sglr.claims.claim import KINDS
from sglr.claims.ledger import judge_all
from sglr.claims.published import published
from sglr.claims.render import claims
from sglr.collected.results import Results
from sglr.plan import names


def test_the_committed_ledger_is_what_the_command_writes(tmp_path):
    shutil.copytree(MINI / "collected", tmp_path / "results/mini/collected")
    for name in ("overhead.json", "overhead.sha256"):
        shutil.copy(MINI / name, tmp_path / "results/mini")
    said = output(sglr(tmp_path, "claims", scale="mini")).splitlines()
    for name in names.LEDGER:
        assert (tmp_path / "results/mini" / name).read_bytes() == (
            MINI / name
        ).read_bytes()
    for line, (kind, words) in zip(said[-4:], KINDS.items(), strict=True):
        rows = LEDGER[LEDGER["kind"] == kind]
        assert line.startswith(f"{len(rows)} {words}: ")
        assert f"{(rows['verdict'] == 'reproduced').sum()} reproduced" in line


def test_corrected_p_values_are_those_of_the_empirical_claims_alone():
    rows = LEDGER[(LEDGER["kind"] == "empirical") & (LEDGER["p_value"] != "")]
    p = rows["p_value"].astype(float).sort_values()
    smallest = rows.loc[p.index[0]]
    assert float(smallest["p_value_corrected"]) == pytest.approx(
        len(p) * p.iloc[0], rel=0.06
    )
    decided = rows[rows["verdict"].isin(["reproduced", "contradicted"])]
    assert (decided["p_value_corrected"].astype(float) < 0.05).all()
    assert set(LEDGER[LEDGER["kind"] == "exact"]["p_value_corrected"]) == {""}


def test_with_nothing_collected_only_what_needs_no_training_is_judged():
    records = judge_all(claims(Results({})), Results({}), "paper")
    judged = {record.claim.kind for record in records if record.word != "not run"}
    assert judged == {"exact"}


def test_a_value_of_the_paper_is_judged_at_its_own_scale_alone():
    cells = [claim for claim in claims(Results({})) if claim.id.startswith("table")]
    cells = [claim for claim in cells if claim.kind == "cell"]
    for scale, words in (("mini", {"not run"}), ("paper", {"undecided"})):
        assert {record.word for record in judge_all(cells, published(), scale)} == words
