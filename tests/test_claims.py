"""The claims as data: what config/claims.yaml says and may say."""

import inspect

import pytest

from sglr.claims import measures
from sglr.claims.claim import KINDS, stated
from sglr.claims.placebos import PLACEBOS
from sglr.claims.render import claims
from sglr.collected.results import Results
from sglr.files.errors import UsageError
from sglr.files.yaml import CONFIG, read_yaml


def test_each_claim_is_one_and_its_measure_takes_its_arguments():
    found = claims(Results({}))
    assert len({claim.id for claim in found}) == len(found)
    functions = measures._OF_RESULTS | {
        name: each for name, (_, each) in measures._OF_ROWS.items()
    }
    for claim in found:
        assert claim.kind in KINDS and claim.text and claim.quantity and claim.reason
        signature = inspect.signature(functions[claim.measure])
        others = [claim.placebo] if isinstance(claim.placebo, dict) else []
        assert others or claim.placebo in PLACEBOS
        for arguments in claim.parts.values():
            for changed in ({}, *others):
                signature.bind(None, **(arguments | changed))


def test_every_cell_of_the_papers_tables_is_a_claim():
    cells = [claim.id for claim in claims(Results({})) if claim.kind == "cell"]
    assert sum(name.startswith("table4") for name in cells) == 30
    # SGLR's row beside both of our variants.
    assert sum(name.startswith("table2") for name in cells) == (7 + 1) * 9
    assert sum(name.startswith("table3") for name in cells) == (8 + 2) * 9


def test_an_unknown_key_of_a_claim_is_refused(tmp_path, monkeypatch):
    text = (CONFIG / "claims.yaml").read_text().replace("  above: 0", "  abov: 0", 1)
    (tmp_path / "claims.yaml").write_text(text)
    monkeypatch.setattr("sglr.claims.claim.CONFIG", tmp_path)
    with pytest.raises(UsageError, match="unknown key 'abov'; did you mean 'above'"):
        stated.__wrapped__()


def test_the_yaml_is_read_as_it_stands():
    entries = read_yaml(CONFIG / "claims.yaml")
    assert {claim.measure for claim in stated()} == {
        entry["measure"] for entry in entries
    }
