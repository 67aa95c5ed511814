"""The page of the committed real results: what it says equals the CSVs, and it loads nothing."""

import base64
import csv
import gzip
import json
import re
import shutil
from collections import Counter
from math import inf
from pathlib import Path

import pandas as pd
import pytest
from report_page import Element, parse
from tools import ROOT, one_line, output, sglr

from sglr.claims.claim import KINDS
from sglr.claims.words import words_of
from sglr.methods import METHODS
from sglr.page.verdicts import verdicts
from sglr.plan.plan_files import load_plan

COMMITTED = ROOT / "results/mini"
PAPER = r"the paper: ([\d.]+)\)"
UNEVALUATED = "cifar10-ls-s0"
RUNS = (
    "cifar10-at-s0",
    "cifar10-at_wa-s0",
    UNEVALUATED,
    "cifar10-sglr-s0",
    "cifar10-sglr_released-s0",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Where committed runs were shown, judged and made a page; one of them as if it had not been evaluated."""
    root = tmp_path_factory.mktemp("page")
    for run in RUNS:
        left_out = (
            shutil.ignore_patterns("evaluation.json", "trajectory.csv")
            if run == UNEVALUATED
            else None
        )
        shutil.copytree(
            COMMITTED / "runs" / run, root / "results/mini/runs" / run, ignore=left_out
        )
    shutil.copy(COMMITTED / "forwards.json", root / "results/mini")
    for command in ("show", "claims", "report"):
        output(sglr(root, command, scale="mini"))
    return root


@pytest.fixture(scope="module")
def source(folder) -> str:
    return (folder / "results/mini/report.html").read_text()


@pytest.fixture(scope="module")
def page(source) -> Element:
    return parse(source)


def rows(path: Path) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def shown_rows(page: Element, label: str) -> list[list[str]]:
    """The cells of the tables of this label, those folded away included."""
    regions = [
        *page.all("div", aria_label=label),
        *page.all("div", aria_label=f"{label}, rows not run"),
    ]
    bodies = [body for region in regions for body in region.all("tbody")]
    return [
        [cell.text for cell in row.all("td")]
        for body in bodies
        for row in body.all("tr")
    ]


def test_each_claim_stands_once_with_its_verdict_value_and_reason(folder, page):
    ledger = rows(folder / "results/mini/claims.csv")
    claims = {row["id"]: row | words_of(row) for row in ledger}
    shown = [
        element for element in page.all("details") if "data-claim" in element.attributes
    ]
    assert Counter(element.attributes["data-claim"] for element in shown) == Counter(
        claims.keys()
    )
    for element in shown:
        claim = claims[element.attributes["data-claim"]]
        assert element.attributes["data-verdict"] == claim["verdict"].replace(" ", "-")
        said = [cell.text for cell in element.all("dd")]
        for name in ("claim", "value"):
            assert claim[name] in [part.text for part in element.all("span")]
        for name in (
            "quantity",
            "rule",
            "reason",
            "why",
            "paper",
            "independent",
        ):
            assert claim[name] in ["", *said]
        seen = [part.text for part in element.all("dd", class_="parts-seen")]
        parts = claim["all_parts"]
        for part in parts.split("; ") if parts else []:
            assert part.replace(": ", "") in "".join(seen) or parts in said


def test_the_counts_are_the_ledgers(folder, page):
    """The paper's empirical claims in the tiles, each other kind in a line of its own: never added up."""
    said = output(sglr(folder, "claims", scale="mini")).splitlines()[-4:]
    paper, *others = (
        [f"{count} {word}" for count, word in re.findall(r"([1-9]\d*) ([a-z ]+)", line)]
        for line in said
    )
    tiles = page.all("ul", class_="counts")[0].all("a")
    numbers = [link.all("strong")[0].text for link in tiles]
    names = [link.all("span")[0].text[2:] for link in tiles]
    found = [" ".join(each) for each in zip(numbers, names, strict=True)]
    assert [each for each in found if not each.startswith("0 ")] == paper[1:]
    (total,) = page.all("section", id="verdicts")[0].all("strong")[:1]
    assert total.text == f"{paper[0]}:" and sum(map(int, numbers)) > 70
    (bar,) = page.all("div", class_="bar")
    assert bar.attributes["aria-label"] == ", ".join(found)
    lines = [line.text for line in page.all("ul", class_="kinds")[0].all("li")]
    assert [re.findall(r"([1-9]\d* [a-z ]+)", line) for line in lines] == others


def test_a_group_names_the_kinds_in_it(folder, page):
    ledger = rows(folder / "results/mini/claims.csv")
    for word in ("reproduced", "contradicted", "undecided"):
        (group,) = page.all("section", id=word)
        counts = Counter(row["kind"] for row in ledger if row["verdict"] == word)
        said = group.all("h3")[0].all("small")[0].text.split(" · ")
        assert [each.split()[0] for each in said] == [
            str(counts[kind]) for kind in KINDS if counts[kind]
        ]
        assert len(group.all("details", data_verdict=word)) == counts.total()


def test_the_parts_of_the_paper_hold_every_judged_claim(folder):
    claims = rows(folder / "results/mini/claims.csv")
    parts = verdicts(claims)["parts"]
    cells = sum(claim["kind"] == "cell" for claim in claims)
    assert sum(part["counts"].total() for part in parts) == len(claims) - cells
    # A new place in the paper asks for its line.
    assert all(part["about"] for part in parts)


def test_cells_that_were_judged_by_value_are_a_part_of_their_own():
    cell = {"kind": "cell", "part": "Cells"}
    found = verdicts([cell | {"verdict": "reproduced"}, cell | {"verdict": "not run"}])
    assert found["kinds"][-1]["counts"] == {"reproduced": 1, "not run": 1}
    assert [part["name"] for part in found["parts"]] == ["Cells"]


def evaluation(run: str) -> dict:
    return json.loads((COMMITTED / "runs" / run / "evaluation.json").read_text())


def accuracy(entry: dict, attack: str) -> float:
    if attack == "autoattack":
        return 100 * entry["autoattack"]["accuracy"]
    return 100 * entry[f"{attack}_accuracy"]


def papers(method: str, attack: str, checkpoint: str) -> float:
    key = ("paper", "table2", "cifar10", method, attack, checkpoint)
    names = ("source", "artifact", "dataset", "method", "attack", "checkpoint")
    (row,) = [
        row
        for row in rows(ROOT / "config/published.csv")
        if tuple(row[name] for name in names) == key
    ]
    return float(row["accuracy_percent"])


@pytest.mark.parametrize("method", ["at", "sglr", "sglr_released"])
def test_the_first_table_has_our_and_the_papers_accuracies(page, method):
    label = METHODS[method].label
    table = page.all("div", aria_label="The result, method by method")[0]
    (row,) = [
        row
        for row in table.all("tr")
        if [head.text for head in row.all("th", scope="row")] == [label]
    ]
    found = evaluation(f"cifar10-{method}-s0")["checkpoints"]
    expected = []
    for attack in ("natural", "pgd20", "autoattack"):
        best, final = (accuracy(found[name], attack) for name in ("best", "final"))
        for name, ours in (("best", best), ("final", final), ("diff", best - final)):
            theirs = papers(method.removesuffix("_released"), attack, name)
            expected += [f"{ours:.1f}", f"{theirs:.1f}"]
    numbers = [span.text for span in row.all("span", class_="number")]
    assert [float(number) for number in numbers] == pytest.approx(
        [float(number) for number in expected], abs=0.051
    )
    assert row.all("td")[-1].text == "1"
    assert row.attributes["data-from"] == f"cifar10-{method}-s0"


@pytest.fixture(scope="module")
def sentences(page) -> list[str]:
    """Who loses and who stands, what stopping early does besides, and how the claims are judged."""
    found = page.all("ul", class_="result")[0].all("li")
    return [" ".join(sentence.text.split()) for sentence in found]


def ending(method: str, checkpoint: str = "final", attack: str = "pgd20") -> float:
    found = evaluation(f"cifar10-{method}-s0")["checkpoints"][checkpoint]
    return accuracy(found, attack)


def said(words: str, sentence: str) -> list[float]:
    return [float(number) for number in re.findall(words, sentence)]


def test_the_first_sentences_are_the_data(sentences):
    losing, standing, _ = sentences
    methods = ("at", "sglr", "sglr_released")
    lost = [ending(method, "best") - ending(method) for method in methods]
    assert said(r"loses ([\d.]+)", losing) == pytest.approx(lost, abs=0.051)
    theirs = [papers(name, "pgd20", "diff") for name in ("at", "sglr", "sglr")]
    assert said(PAPER, losing) == pytest.approx(theirs, abs=0.001)
    gains = [ending(method) - ending("at") for method in methods[1:]]
    told = said(r"stands ([\d.]+) points above PGD-AT", standing)
    assert told == pytest.approx(gains, abs=0.051)
    gap = papers("sglr", "pgd20", "final") - papers("at", "pgd20", "final")
    assert said(PAPER, standing) == pytest.approx([gap, gap], abs=0.001)


def test_what_stopping_early_does_besides_is_the_data(sentences):
    told = re.findall(r"([\d.]+) points (more|less) (\S+) accuracy", sentences[1])
    assert [name for *_, name in told] == ["natural", "PGD-20", "AutoAttack"]
    signed = [float(number) * (1 if word == "more" else -1) for number, word, _ in told]
    expected = [
        ending("sglr_released", attack=attack) - ending("at", "best_validation", attack)
        for attack in ("natural", "pgd20", "autoattack")
    ]
    assert signed == pytest.approx(expected, abs=0.051)
    # One seed: its natural accuracy has no interval, so nothing is concluded.
    assert "what it adds" not in sentences[1]


def test_the_judged_claims_are_counted(folder, sentences):
    ledger = rows(folder / "results/mini/claims.csv")
    words = Counter(row["verdict"] for row in ledger if row["kind"] == "empirical")
    order = "reproduced", "contradicted", "undecided", "not testable here", "not run"
    expected = [words.total(), *(words[word] for word in order)]
    assert said(r"(\d+)", sentences[2]) == expected


def bounds(rule: str) -> tuple[float, float]:
    """Between which ends a claim holds, from the ledger's words."""
    words = rule.partition(" is ")[2].split()
    if words[0] in ("above", "below"):
        end = float(words[1])
        return (end, inf) if words[0] == "above" else (-inf, end)
    return float(words[0]) - float(words[2]), float(words[0]) + float(words[2])


def test_each_judged_value_is_a_picture_beside_where_it_holds(folder, page):
    """Dot and interval lie in the shaded part where the numbers lie between the rule's ends."""
    seen = 0
    for claim in rows(folder / "results/mini/claims.csv"):
        (element,) = page.all("details", data_claim=claim["id"])
        drawn = element.all("summary")[0].all("svg")
        assert len(drawn) == bool(claim["value"])
        if not drawn:
            continue
        low, high = bounds(claim["rule"])
        numbers = re.findall(
            r"[-+]?\d[\d.]*(?:e-?\d+)?", claim["value"].split(": ")[-1]
        )
        shaded, dot = drawn[0].all("rect")[0], drawn[0].all("circle")[0]
        left = float(shaded.attributes["x"])
        right = left + float(shaded.attributes["width"])
        places = [float(dot.attributes["cx"])]
        if len(numbers) == 3:
            line = drawn[0].all("path")[1].attributes["d"]
            places += [float(end) for end in re.findall(r"M([\d.]+) \d+v8", line)]
            assert places[1] < places[0] < places[2]
        for number, place in zip(numbers, places, strict=True):
            inside = left - 0.2 <= place <= right + 0.2
            assert inside == (low <= float(number) <= high) or (
                min(abs(place - left), abs(place - right)) < 1
            )
        seen += 1
    assert seen > 30


def test_claims_and_cells_name_the_runs_they_are_judged_on(page):
    def behind(claim: str) -> set[str]:
        (element,) = page.all("details", data_claim=claim)
        (place,) = [
            place for place in element.all("dd") if "data-from" in place.attributes
        ]
        return set(place.attributes["data-from"].split())

    at, released = "cifar10-at-s0", "cifar10-sglr_released-s0"
    assert behind("overfitting/at/ten_classes") == {at}
    assert behind("figure2/falls-less/sglr_released-at") == {at, released}
    assert behind("proposition1") == set()
    (table,) = page.all("div", aria_label="Table 2")
    for row in table.all("tbody")[0].all("tr"):
        label = row.all("td")[1].text.removesuffix(", stopped early (ours)")
        (method,) = [name for name in METHODS if METHODS[name].label == label]
        assert row.attributes["data-from"] == f"cifar10-{method}-s0"


def test_the_page_is_light(source):
    """Its scripts and words; figures come on top, a tenth of what they are as files."""
    assert len(source.encode()) < 1_000_000


@pytest.mark.parametrize(
    ("name", "label"),
    [
        *((f"table{n}", f"Table {n}") for n in (1, 2, 3)),
        ("headline", "The central finding"),
    ],
)
def test_the_tables_are_those_of_the_files(folder, page, name, label):
    text = (folder / f"results/mini/tables/{name}.md").read_text()
    lines = text.replace("**", "").splitlines()[4:]
    expected = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    shown = [row[: len(expected[0])] for row in shown_rows(page, label)]
    assert sorted(shown) == sorted(expected) and len(expected) > 3


def test_others_values_stand_beside_the_papers(page):
    published = pd.read_csv(COMMITTED.parents[1] / "config/published.csv")
    (row,) = [row for row in shown_rows(page, "Table 2") if row[1] == "PGD-AT"]
    # Dong 2022, DAT and PyTorch-Robust's two: 47.35, 47.63, 47.63, 46.82.
    assert row[-2] == "46.8 to 47.6 (4)"
    others = published[published["source"] != "paper"]["source"].tolist()
    assert [
        cells[0] for cells in shown_rows(page, "Numbers of other publications")
    ] == others


def chart(page: Element, name: str) -> dict:
    (data,) = page.all("script", id="data")
    return json.loads(data.text)["charts"][name]


def test_the_curves_are_the_histories(page):
    variants = chart(page, "curves")["variants"]
    for run in RUNS:
        history = pd.read_csv(COMMITTED / "runs" / run / "history.csv")
        for variant, column in (
            (variants[0], "test_robust_accuracy"),
            (variants[2], "train_accuracy"),
        ):
            series = variant["series"][run]
            assert series["epoch"] == history["epoch"].tolist()
            assert series["y"] == pytest.approx(
                100 * history[column].to_numpy(), abs=0.0051
            )


def test_the_paths_are_the_trajectories(page):
    trajectory = pd.read_csv(COMMITTED / "runs/cifar10-at-s0/trajectory.csv")
    for variant, name in zip(
        chart(page, "paths")["variants"], ("natural", "adversarial"), strict=True
    ):
        series = variant["series"]["cifar10-at-s0"]
        for axis, word in (("x", "correct"), ("y", "incorrect")):
            assert series[axis] == pytest.approx(
                100 * trajectory[f"{name}_confidence_{word}"].to_numpy(), abs=0.0051
            )


def test_every_figure_is_a_vector_with_its_numbers_in_words(folder, page):
    images = {
        image.attributes["alt"].partition(".")[0]: image.attributes
        for image in page.all("img")
    }
    assert set(images) == {"Figure 2", "Figure 3", "Right labels (ours)"}
    drawn = gzip.decompress(base64.b64decode(images["Figure 2"]["data-packed"]))
    assert (
        drawn == (folder / "figures/mini/figure2.svg").read_bytes() and b"<svg" in drawn
    )
    history = pd.read_csv(COMMITTED / "runs/cifar10-sglr-s0/history.csv")[
        "test_robust_accuracy"
    ]
    words = f"PGD-AT+SGLR: test peaks at {100 * history.max():.1f} % in epoch {history.idxmax() + 1}"
    assert (
        f"{words} and ends at {100 * history.iloc[-1]:.1f} %"
        in images["Figure 2"]["alt"]
    )
    for plot in page.all("div", role="application"):
        assert len(plot.attributes["aria-label"]) > 50


def test_every_run_says_how_it_was_made(page):
    for name in RUNS:
        manifest = json.loads((COMMITTED / "runs" / name / "manifest.json").read_text())
        (run,) = page.all("details", id=f"run-{name}")
        seconds = f"{sum(manifest['seconds_per_epoch']):.0f} s on {manifest['origin']['device']}"
        for word in (
            seconds,
            manifest["origin"]["commit"],
            f"seed: {manifest['run_settings']['seed']}",
            "torch: 2.",
        ):
            assert word in run.text


def test_what_was_not_run_is_named(page):
    plan = load_plan("mini")
    missing = set(plan.runs) - set(RUNS)
    assert {row[0] for row in shown_rows(page, "Trainings not run")} == missing
    for name in ("figure1", "figure4", "figure5"):
        assert "Not run." in page.all("figure", id=name)[0].text
    words = page.all("section", id="missing")[0].text
    assert f"{len(missing)} of {len(plan.runs)} planned" in words
    assert UNEVALUATED in words.partition("not evaluated: ")[2]


def test_the_page_loads_nothing(source):
    markup = re.sub(r"<script>.*?</script>", "", source, flags=re.DOTALL)
    places = re.findall(
        r'(?:src|href|srcset|action|data|poster)="([^"#][^"]{0,20})', markup
    )
    assert places and all(place.startswith("data:") for place in places)
    assert not re.findall(
        r"@import|url\(|<iframe|<object|<script src|http-equiv=.refresh", markup
    )
    assert "default-src 'none'" in markup


def test_unchanged_results_make_an_unchanged_page(folder, source):
    sglr(folder, "draw", "figure3", "--scale", "mini")
    sglr(folder, "report", "--scale", "mini")
    assert (folder / "results/mini/report.html").read_text() == source


def test_a_scale_of_which_nothing_was_run_has_a_page(tmp_path):
    output(sglr(tmp_path, "report", scale="paper"))
    page = parse((tmp_path / "results/paper/report.html").read_text())
    assert page.text.count("Not run") > 10
    first, _, third = page.all("ul", class_="result")[0].all("li")
    assert "PGD-AT has not been run" in first.text and "No claim" in third.text
    assert len(shown_rows(page, "Trainings not run")) == len(load_plan("paper").runs)


def test_a_page_without_table2_says_nothing_of_its_images(folder, tmp_path):
    results = shutil.copytree(folder / "results", tmp_path / "results")
    for path in (results / "mini/collected").glob("table2.*"):
        path.unlink()
    shutil.copytree(folder / "figures", tmp_path / "figures")
    output(sglr(tmp_path, "report", scale="mini"))
    assert "accuracy on 0 test images" not in (results / "mini/report.html").read_text()


def test_a_damaged_manifest_is_one_clear_line(tmp_path):
    path = tmp_path / "results/smoke/runs/digits-at-s0/manifest.json"
    path.parent.mkdir(parents=True)
    path.write_text("{")
    assert one_line(sglr(tmp_path, "report"), "manifest.json: damaged")
