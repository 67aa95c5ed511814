"""The README's commands do what they say: dry runs of Snakemake's, the others at the smallest scale."""

import shutil
import sys
from pathlib import Path

import pytest
import torch
from tools import ROOT, copy_checkout, output, pretend_cifar, run
from torch import nn

from docs import badges, quote
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


def test_what_a_stranger_needs_comes_first():
    """Text as it is read, without the templates: a number, then a command, then the picture."""
    shown = quote._QUOTE.sub(lambda found: found[0].removeprefix(found[1]), README)
    lines = shown.splitlines()
    places = [
        next(n for n, line in enumerate(lines, 1) if sign in line)
        for sign in ("10.7 points", "    make demo", "figure2.png")
    ]
    assert places == sorted(places) and places[0] <= 15 and places[1] <= 30
    assert len(README.splitlines()) <= 130
    above = "\n".join(lines[: places[2]])
    assert not any(scale in above for scale in ("`mini`", "`digits`", "`quick`"))


def test_what_the_readme_concludes_is_what_the_intervals_say():
    assert "about as robust" in README and "natural accuracy" in README
    assert adds_natural_alone(quote.result()["stopped"])


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
