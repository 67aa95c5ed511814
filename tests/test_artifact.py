"""docs/artifact.md says what the ledger and the plan say, of every empirical claim."""

import csv
import re

from tools import ROOT

from docs import artifact
from sglr.artefacts import load
from sglr.claims.claim import stated
from sglr.claims.measures import _OF_ROWS
from sglr.claims.words import words_of
from sglr.collected.evidence import EVIDENCE

PAGE = artifact.PAGE.read_text()


def rows() -> dict[str, list[str]]:
    """Id of a claim -> the cells of its row."""
    lines = [
        line.strip("| ").split(" | ") for line in PAGE.splitlines() if "` | " in line
    ]
    found = {re.findall(r"`([\w./-]+)`$", cells[0])[0]: cells for cells in lines}
    assert len(found) == len(lines)
    return found


def test_the_page_is_what_the_command_writes():
    assert artifact.written() == PAGE, "python -m docs.artifact writes it again"


def named(row: dict[str, str]) -> dict[str, str]:
    found = {name: row[column] for name, column in artifact.COLUMNS.items()}
    return found | {"value": words_of(row)["value"]}


def test_each_empirical_claim_is_there_with_its_value_and_verdict():
    with open(ROOT / "results/mini/claims.csv", newline="") as file:
        ledger = [named(row) for row in csv.DictReader(file)]
    ledger = [row for row in ledger if row["kind"] == "empirical"]
    assert {row["id"] for row in ledger} == set(rows())
    for row in ledger:
        claim, _, expected, verdict = rows()[row["id"]]
        assert row["claim"] in claim and verdict == row["verdict"]
        assert expected.startswith(row["value"] or row["why"])


def test_the_commands_of_a_part_build_what_its_claims_are_measured_on():
    for claim in stated():
        if claim.kind == "empirical" and claim.measure in _OF_ROWS:
            frame = _OF_ROWS[claim.measure][0]
            built = artifact.EXPERIMENTS[claim.part]
            made = {file for name in built for file in load(name).COLLECTED}
            # Of the other evidence Figure 2's runs have information, Figure 5's ordinary training.
            other = {"information": "figure2", "erm": "figure5"}
            assert frame in made or (frame in EVIDENCE and other[frame] in built), claim


def test_seeds_and_cost_are_those_of_the_committed_runs():
    assert artifact.seeds_of("figure4") == (3, 3)
    assert artifact.seeds_of("table2") == (1, 3)
    assert artifact.steps("Table 2") == {"headline": 3, "table2": 1}
    committed = (ROOT / "results/mini/runs").glob("cifar10noise-standard*-noise0.4-s*")
    names = {path.name for path in committed if "_ls" not in path.name}
    assert artifact.cost({"figure4": 3}).startswith(f"{len(names)} trainings, ")


def test_the_page_follows_the_ledger(monkeypatch, tmp_path):
    text = (ROOT / "results/mini/claims.csv").read_text()
    (tmp_path / "claims.csv").write_text(text.replace("10.1333332", "99.99"))
    (tmp_path / "runs").symlink_to(ROOT / "results/mini/runs")
    monkeypatch.setattr(artifact, "MINI", tmp_path)
    claims = artifact.ledger()
    assert "+99.99 [" in artifact._row(claims.iloc[0])
