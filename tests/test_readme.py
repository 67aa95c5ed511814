"""The README's commands do what they say: dry runs of Snakemake's, the others at the smallest scale."""

import sys
from pathlib import Path

import pytest
from tools import ROOT, output, run

COMMANDS = [
    line.split("#")[0].split()
    for line in (ROOT / "README.md").read_text().splitlines()
    if line.startswith(("    make", "    .venv/bin/"))
]


def translated(words: list[str], folder: Path) -> list[str]:
    """The command under this interpreter, writing to `folder`, nothing trained at length."""
    if words[0] == "make":
        return ["make", "-n", "-C", str(ROOT), *words[1:]]
    if words[0].endswith("snakemake"):
        return [
            sys.executable,
            "-m",
            "snakemake",
            "-s",
            str(ROOT / "Snakefile"),
            "-n",
            *words[1:],
        ]
    scale = [] if "--scale" in words else ["--scale", "smoke"]
    return [sys.executable, "-m", "sglr", *words[1:], *scale, "--results", str(folder)]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_command_of_the_readme_runs(words, tmp_path):
    output(run(tmp_path, *translated(words, tmp_path)))


def test_the_readme_names_its_two_commands_and_every_way_in():
    assert {tuple(words[:2]) for words in COMMANDS} >= {
        ("make", "reproduce"),
        ("make", "test"),
    }
    assert len(COMMANDS) >= 6
