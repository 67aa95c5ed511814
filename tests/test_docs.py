"""The pages of docs/ say what is so: the diagram, the methods' settings, the recipes, names and quoted results."""

import re
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import pytest
from tools import ROOT

from docs import quote
from docs.draw_pipeline import PAGE, drawn
from sglr.files.records import read_json
from sglr.methods import METHODS
from sglr.page.ledger import Interval
from sglr.page.opening import adds_natural_alone

MINI = ROOT / "results/mini"
PAGES = {
    name: (ROOT / f"docs/{name}.md").read_text()
    for name in ("pipeline", "methods", "extending", "deviations")
}
PATHS = r"(?:sglr|config|workflow|docs|results)/[\w./-]+\.(?:py|yaml|smk|md|csv)"


@pytest.mark.parametrize("name", PAGES)
def test_every_file_that_a_page_names_exists(name):
    made = set(re.findall(r"^New file `([^`]+)`", PAGES[name], flags=re.M))
    named = {
        path for path in re.findall(rf"`({PATHS})`", PAGES[name]) if "NAME" not in path
    } - made
    linked = {f"docs/{path}" for path in re.findall(r"\]\(([\w.]+)\)", PAGES[name])}
    assert (
        named | linked
        and [path for path in named | linked if not (ROOT / path).is_file()] == []
    )


def test_the_diagram_is_what_the_rules_draw():
    assert drawn(PAGES["pipeline"]) == PAGE.read_text(), (
        "python docs/draw_pipeline.py draws it again"
    )


def test_every_box_of_the_diagram_is_explained():
    boxes = set(re.findall(r"^    (\w+) --> (?:\w+)$", PAGES["pipeline"], flags=re.M))
    rows = [
        line.split("|")[1]
        for line in PAGES["pipeline"].splitlines()
        if line.startswith("| `")
    ]
    assert boxes == {
        name.removesuffix("_*") for name in re.findall(r"`([\w*]+)`", "".join(rows))
    }


def documented(page: str) -> dict[str, tuple[set[str], dict[str, float]]]:
    """Method -> the files that its section names, and its settings there."""
    found = {}
    for names, body in re.findall(
        r"^### (.+?): .*\n((?:(?!#).*\n)+)", page, flags=re.M
    ):
        for name in re.findall(r"`(\w+)`", names):
            own = re.search(
                rf"Settings(?: of `{name}`)?: (none|`[^S]*?)\.(?: |\n|$)", body
            )
            assert own, f"docs/methods.md: no settings of {name}"
            values = {
                key: float(value)
                for key, value in re.findall(r"`(\w+)=([\d.]+)`", own[1])
            }
            found[name] = (set(re.findall(r"`(sglr/\S+\.py)`", body)), values)
    return found


def test_every_method_is_documented_with_its_settings_and_file():
    """One that nothing committed was trained with, such as a newcomer's, by its own file alone."""
    found = documented(PAGES["methods"])
    manifests = [
        read_json(path) for path in ROOT.glob("results/*/runs/*/manifest.json")
    ]
    trained = {manifest["run_settings"]["method"] for manifest in manifests}
    assert trained <= set(found) <= set(METHODS)
    for name, (files, settings) in found.items():
        assert settings == asdict(METHODS[name]())
        assert f"{METHODS[name].__module__.replace('.', '/')}.py" in files


def test_every_claim_that_is_named_is_in_the_ledger():
    ledger = set(pd.read_csv(ROOT / "results/mini/claims.csv")["id"])
    kinds = "|".join({name.split("/")[0] for name in ledger})
    named = set(re.findall(rf"`((?:{kinds})(?:/[\w./-]+)?)`", PAGES["deviations"]))
    named = {name for name in named if not re.fullmatch(r"table\d|figure\d", name)}
    assert named and named - ledger == set()


def test_what_is_quoted_of_the_stress_is_counted_once():
    """By the list of its single faults, of which the quoted counts are the sum."""
    record = read_json(ROOT / "results/stress.json")
    lives = pd.DataFrame(record["lives"])
    killed = lives["fault"].str.startswith("kill")
    assert quote.stressed("SIGKILL") == killed.sum()
    assert quote.stressed("full disk") == (lives["fault"] == "full disk").sum()
    assert quote.struck("SIGKILL") == len(record["evaluation"]["parts kept at each"])


@pytest.mark.parametrize("page", quote.PAGES, ids=lambda page: page.name)
def test_every_quoted_number_is_what_the_committed_results_give(page):
    text = page.read_text()
    assert text.count("<!-- quote") == text.count("<!-- end -->")
    assert quote.quoted(text) == text, "python -m docs.quote writes it again"


def test_a_quotation_follows_the_results(monkeypatch, tmp_path):
    (tmp_path / "claims.csv").write_text(
        "id,kind,verdict,weakest_part,value,low,high,basis,standard_deviation,p_value,"
        "p_value_corrected,detectable,validation_part,validation_value,validation_low,"
        "validation_high,paper,paper_value\n"
        "some/claim,ours,reproduced,pgd20,1.5,0.5,2.5,3 seeds,,,,,,,,,,\n"
    )
    monkeypatch.setattr(quote, "MINI", tmp_path)
    page = (
        '<!-- quote: {{ claim("some/claim", "It holds") }} -->\nof old\n<!-- end -->\n'
    )
    assert (
        quote.quoted(page).splitlines()[1]
        == "| It holds | `some/claim` | reproduced | pgd20: +1.50 [+0.50, +2.50] |"
    )


@pytest.mark.parametrize(
    ("natural", "robust", "alone"),
    [((0.2, 19.5), (-4.9, 0.9), True), ((-0.2, 19.5), (-4.9, 0.9), False)]
    + [((0.2, 19.5), (-4.9, -0.1), False), ((None, None), (-4.9, 0.9), False)],
)
def test_what_is_concluded_beside_early_stopping_follows_the_intervals(
    natural, robust, alone
):
    ends = {"natural": natural, "pgd20": robust, "autoattack": (-1.0, 1.0)}
    found = {name: Interval("", 1.0, *each, "") for name, each in ends.items()}
    assert adds_natural_alone(found) is alone


def test_each_promise_names_tests_that_are_there():
    page = (MINI.parents[1] / "docs/faults.md").read_text()
    rows = [line.split("|")[1:-1] for line in page.splitlines() if line[:1] == "|"]
    named = [cells[2].strip() for cells in rows[2:] if cells[1].strip()]
    tests = {path.stem for path in Path(__file__).parent.glob("test_*.py")}
    for words in named:
        for name in words.split(", "):
            assert f"test_{name}" in tests, words
    assert len(named) > 30
