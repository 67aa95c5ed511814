"""The README's commands do what they say: dry runs of Snakemake's, the others at the smallest scale."""

import csv
import re
import shutil
import sys
from pathlib import Path

import pytest
import torch
from tools import ROOT, copy_checkout, output, pretend_cifar, run
from torch import nn

from docs import badges, quote
from sglr.files.records import read_json
from sglr.methods import METHODS
from sglr.page.opening import adds_natural_alone

README = (ROOT / "README.md").read_text()
COMMANDS = [
    line.split("#")[0].split()
    for line in README.splitlines()
    if line.startswith(("    make", "    .venv/bin/"))
]
MINE = """
from torch import nn

def network():
    return nn.Sequential(nn.Flatten(), nn.Linear(3072, 10))
"""
FEW = ("--no-autoattack", "--set", "data.cifar10.num_test=20")


def translated(words: list[str], folder: Path) -> list[str]:
    """The command under this interpreter, writing to `folder`, nothing trained at length."""
    if words[0] == "make":
        return ["make", "-n", "-C", str(ROOT), *words[1:]]
    if words[0].endswith("snakemake"):
        target = [word.replace("profiles/", f"{ROOT}/profiles/") for word in words[1:]]
        workflow = ["-m", "snakemake", "-s", str(ROOT / "Snakefile"), "-n"]
        return [sys.executable, *workflow, *target]
    if words[1] == "judge":
        return [sys.executable, "-m", "sglr", *words[1:], *FEW]
    scale = [] if "--scale" in words else ["--scale", "smoke"]
    return [sys.executable, "-m", "sglr", *words[1:], *scale, "--results", str(folder)]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_command_of_the_readme_runs(words, tmp_path):
    if "judge" in words:
        pretend_cifar(tmp_path)
        (tmp_path / "mine.py").write_text(MINE)
        weights = nn.Sequential(nn.Flatten(), nn.Linear(3072, 10)).state_dict()
        torch.save(weights, tmp_path / "weights.pt")
    command = translated(words, tmp_path)
    output(run(tmp_path, *command, SGLR_DATA=str(tmp_path)))


def test_the_readme_names_its_two_commands_and_every_way_in():
    assert {tuple(words[:2]) for words in COMMANDS} >= {
        ("make", "demo"),
        ("make", "reproduce"),
        ("make", "test"),
        (".venv/bin/sglr", "judge"),
        (".venv/bin/snakemake", "--profile"),
    }


# README as it is read, without the templates.
SHOWN = quote._QUOTE.sub(lambda found: found[0].removeprefix(found[1]), README)


def test_what_a_stranger_needs_comes_first():
    """A number, a command, the table, the picture, all but the last within 35 lines."""
    lines = SHOWN.splitlines()
    places = [
        next(n for n, line in enumerate(lines, 1) if sign in line)
        for sign in ("10.7 points", "    make demo", "| PGD-AT ", "figure2.png")
    ]
    assert places == sorted(places)
    assert all(n <= limit for n, limit in zip(places, (10, 15, 25, 35), strict=True))
    assert len(lines) <= 115
    above = "\n".join(lines[: places[-1]])
    assert not any(scale in above for scale in ("`mini`", "`digits`", "`quick`"))


def test_the_finding_is_two_sentences():
    finding = SHOWN.split("\n\n")[3]
    assert finding.startswith("Robust overfitting") and len(finding) < 500
    assert len(re.findall(r"[.!?](?=\s+[A-Z]|\s*<|$)", finding)) == 2


def test_what_the_readme_concludes_is_what_the_intervals_say():
    assert "about as robust" in README and "natural accuracy" in README
    assert adds_natural_alone(quote.result()["stopped"])
    verdict = quote._ledger()["verdict"]
    lost = verdict.filter(like="table3/gap/ten_classes/sglr")
    assert "cuts that to" in README and "but only to" in README
    assert lost.to_list() == ["undecided", "reproduced"]
    assert "precede its start" in README
    assert verdict["order/autoattack/best/sglr"] == "not testable here"


def measured(method: str) -> list[float]:
    """Best and final accuracy, and of attacks what is lost, in percent, from the evaluations themselves."""
    networks = [
        read_json(path)["checkpoints"]
        for path in ROOT.glob(f"results/mini/runs/cifar10-{method}-s?/evaluation.json")
    ]
    assert len(networks) == 3
    found = []
    for attack in ("natural", "pgd20", "autoattack"):
        best, final = (
            sum(100 * accuracy_of(each[name], attack) for each in networks) / 3
            for name in ("best", "final")
        )
        found += [best, final] if attack == "natural" else [best, final, best - final]
    return found


def accuracy_of(network: dict, attack: str) -> float:
    by_attack = network.get(attack)
    return by_attack["accuracy"] if by_attack else network[f"{attack}_accuracy"]


def printed(method: str) -> list[float]:
    """The same as the paper's Table 2 has it."""
    with open(ROOT / "config/published.csv", newline="") as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if (row["source"], row["artifact"]) == ("paper", "table2")
            and (row["dataset"], row["method"]) == ("cifar10", method)
        ]
    return [
        float(row["accuracy_percent"])
        for row in rows
        if (row["attack"], row["checkpoint"]) != ("natural", "diff")
    ]


def test_each_number_of_the_table_is_measured_or_the_papers():
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in SHOWN.partition("figure2.png")[0].splitlines()
        if re.match(r"\| (?:PGD-AT|\*the paper)", line)
    ]
    numbers = [[float(cell) for cell in row[1:9]] for row in rows]
    ours = {"at": 0, "ls": 2, "sglr": 4, "sglr_released": 5, "at_wa": 7}
    for method, place in ours.items():
        assert rows[place][0] == METHODS[method].label and rows[place][9] == "3"
        assert numbers[place] == pytest.approx(measured(method), abs=0.0501)
    papers = {"at": 1, "ls": 3, "sglr": 6}
    for method, place in papers.items():
        assert rows[place][0] == "*the paper*"
        assert numbers[place] == printed(method)
    assert len(rows) == len(ours) + len(papers)


def test_each_badge_says_what_is_so():
    found = {path.stem: path.read_text() for path in badges.FOLDER.glob("*.svg")}
    assert found == badges.badges(), "python -m docs.badges draws them again"
    assert all(f"docs/badges/{name}.svg" in README for name in found)


def test_the_demo_judges_draws_and_writes_the_page(tmp_path):
    copy_checkout(tmp_path)
    for name in ("results/mini", "networks/mini", "figures/mini"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "Makefile", tmp_path)
    pretend_cifar(tmp_path)
    program = tmp_path / "bin" / "sglr"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m sglr "$@"\n')
    program.chmod(0o755)
    words = ("make", "-o", "run", "demo", "BIN=bin", f"FEW={' '.join(FEW)}")
    nowhere = {"DISPLAY": "", "WAYLAND_DISPLAY": ""}
    place = {"SGLR_DATA": str(tmp_path), "PYTHONPATH": str(tmp_path)}
    said = output(run(tmp_path, *words, **nowhere, **place))
    assert said.count("of 20 images") >= 2
    (page,) = [line for line in said.splitlines() if "file://" in line]
    assert Path(page.partition("file://")[2]) == tmp_path / "results/mini/report.html"
    for made in ("results/mini/report.html", "build/mini/figure2.png"):
        assert (tmp_path / made).stat().st_size > 10_000
