"""What is drawn and judged is bound to the collected tables that it is made of, and these to their runs."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from at_run import files
from tools import output, sglr

from sglr.artefacts.collect import check_collected
from sglr.artefacts.render import render
from sglr.claims import render as ledger
from sglr.files.errors import UsageError
from sglr.files.records import read_csv, write_csv
from sglr.files.sums import check_inputs, check_sums, write_sums
from sglr.page.figures import figure
from sglr.page.ledger import read_ledger
from sglr.plan.plan_files import load_plan

MINI = Path(__file__).resolve().parents[1] / "results/mini"
PLAN = load_plan("mini")
SCALE = PLAN.scale


def test_what_was_collected_of_other_runs_is_neither_drawn_nor_judged(here):
    folder = here / "results/smoke"
    output(sglr(here, "collect", "table2"))
    evaluation = files(here) / "evaluation.json"
    content = json.loads(evaluation.read_text())
    evaluation.write_text(json.dumps(content))  # measured again, say
    write_sums(files(here), "evaluate", ["evaluation.json"])
    plan = load_plan("smoke")
    with pytest.raises(UsageError, match="sglr collect table2 --scale smoke"):
        check_collected(plan.artefacts, plan, folder)
    measurement = replace(plan.scale.measurement, num_autoattack=5)
    other = replace(plan, scale=replace(plan.scale, measurement=measurement))
    with pytest.raises(UsageError, match="measured with num_autoattack 3, which is 5"):
        check_collected(["table2"], other, folder)


@pytest.fixture(scope="module")
def judged_once(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("judged") / "results/mini"
    shutil.copytree(MINI / "collected", folder / "collected")
    ledger.write(PLAN, folder)
    return folder


@pytest.fixture
def judged(judged_once, tmp_path) -> Path:
    """A folder with what mini has collected, and the ledger made of it."""
    return shutil.copytree(judged_once, tmp_path / "results/mini")


def test_a_ledger_of_what_has_been_collected_anew_is_not_read(judged):
    assert len(read_ledger(judged / "claims.csv")) > 100
    table = read_csv(judged / "collected/answers.csv")
    write_csv(judged / "collected/answers.csv", table[1:])
    with pytest.raises(UsageError, match=r"answers.csv: changed since \S+claims was"):
        read_ledger(judged / "claims.csv")


def test_what_no_artefact_of_the_plan_collects_is_not_judged(judged):
    shutil.copy(judged / "collected/table3.csv", judged / "collected/other.csv")
    (judged / "collected/broken.csv").write_text("a,b\n1\n")
    fewer = replace(
        PLAN,
        runs_of={key: runs for key, runs in PLAN.runs_of.items() if key != "table3"},
    )
    found = set(ledger.read_all(fewer, judged).frames)
    assert "table2" in found and not found & {"table3", "other", "broken"}


def test_a_figure_is_bound_through_links_too(tmp_path):
    for name, place in (("results", "far/results"), ("figures", "far/away/figures")):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / name).symlink_to(tmp_path / place)
    collected = tmp_path / "results/mini/collected"
    shutil.copytree(MINI / "collected", collected)
    figures = tmp_path / "figures/mini"
    render("figure3", SCALE, collected.parent, figures)
    assert figure("figure3", collected, figures)["image"]
    table = read_csv(collected / "figure3.csv")
    write_csv(collected / "figure3.csv", table[1:])
    write_sums(collected, "figure3", ["figure3.csv"])
    with pytest.raises(UsageError, match="figure3.csv: changed since"):
        figure("figure3", collected, figures)


def test_a_table_is_bound_to_what_it_was_made_of(judged):
    render("table2", SCALE, judged, judged)
    sums = judged / "tables/table2.sha256"
    check_inputs(sums)
    printed = judged / "tables/table2.md"
    with pytest.raises(UsageError, match="again: sglr draw table2 --scale mini"):
        check_sums(printed, printed.read_bytes() + b" ")
    table = read_csv(judged / "collected/table2.csv")
    write_csv(judged / "collected/table2.csv", table[1:])
    with pytest.raises(UsageError, match="table2.csv: changed since"):
        check_inputs(sums)
