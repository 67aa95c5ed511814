"""Every command line of docs/ is one: parsed by what it calls, and Snakemake's targets planned in a dry run."""

import re
import shlex
import tomllib
from importlib.util import find_spec

import pytest
from snakemake.cli import get_argument_parser
from tools import ROOT, output, run, snakemake

from sglr import cli
from sglr.plan.plan import find_run
from sglr.plan.plan_files import load_plan

PAGES = [
    *sorted((ROOT / "docs").glob("*.md")),
    *(ROOT / name for name in ("CONTRIBUTING.md", "CHANGELOG.md", "config/README.md")),
]
STARTS = r"(?:\.venv/bin/|make |sglr |snakemake |python |torchrun )"
# What stands for a name of the reader's choice.
NAMES = {"NAME": "digits", "RUN": "digits-at-s0", "COMMAND": "plan", "IMAGE": "a.sif"}
# tests/test_extending.py follows that page to the letter: its runs and scales are made there.
MADE_ELSEWHERE = ("docs/extending.md",)


def commands() -> list[tuple[str, list[str]]]:
    """Page and words of each command line: in a block, or between backticks."""
    found = []
    for path in PAGES:
        text = re.sub(r"```(?!sh).*?```", "", path.read_text(), flags=re.S)
        lines = re.findall(rf"^ {{4,}}((?:\w+=\S+ )*{STARTS}.*)$", text, flags=re.M)
        lines += re.findall(rf"(?<!`)`({STARTS}[^`]*)`", text)
        name = path.relative_to(ROOT).as_posix()
        found += [(name, words) for line in lines if (words := cleaned(line))]
    return found


def cleaned(line: str) -> list[str]:
    """Words without variables before, a comment or a redirection after, or .venv/bin/."""
    words = shlex.split(line.partition(" > ")[0], comments=True)
    while "=" in words[0]:
        words.pop(0)
    words[0] = words[0].removeprefix(".venv/bin/")
    return [NAMES.get(word, word) for word in words]


FOUND = commands()
OF = {
    program: [(page, words) for page, words in FOUND if words[0] == program]
    for program in {words[0] for _, words in FOUND}
}


def sglr_commands() -> list[tuple[str, list[str]]]:
    """Those of `sglr`, and of `torchrun`, whose module it is."""
    launched = [(page, words[words.index("sglr") :]) for page, words in OF["torchrun"]]
    return OF["sglr"] + launched


def test_every_program_that_is_called_is_known():
    assert set(OF) == {"make", "sglr", "snakemake", "python", "torchrun", "pip"}
    assert len(FOUND) > 50 and len(OF["snakemake"]) > 20 and len(sglr_commands()) > 20


@pytest.mark.parametrize(
    ("page", "words"), sglr_commands(), ids=lambda value: str(value)
)
def test_a_command_of_sglr_is_parsed_and_its_run_is_one(page, words):
    command, *rest = words[1:]
    assert command in cli._COMMANDS
    if not rest and cli._COMMANDS[command][1]:
        return  # the command is spoken of, not called
    arguments = cli._parser().parse_args(cli._checked(words[1:]))
    if page not in MADE_ELSEWHERE:
        plan = load_plan("+".join([arguments.scale, *arguments.set]))
        if "run" in arguments:
            assert find_run(arguments.run, plan.scale)


def test_every_target_of_snakemake_can_be_planned(tmp_path):
    """All in one dry run, in a folder without results; with three seeds, as some ask for."""
    targets, parser = set(), get_argument_parser()
    for page, words in OF["snakemake"]:
        arguments = parser.parse_args(words[1:])
        if page not in MADE_ELSEWHERE:
            targets |= set(arguments.targets)
    assert {"all", "mini_headline", "results/mini/tables/table2.md"} <= targets
    done = snakemake(tmp_path, "-n", "--quiet", "--config", "seeds=3", "--", *targets)
    output(done)


def test_every_profile_is_there():
    profiles = [
        word for _, words in OF["snakemake"] for word in words if "profiles/" in word
    ]
    assert profiles and all(
        (ROOT / name / "profile.yaml").exists() for name in profiles
    )


def test_every_target_of_make_is_one():
    targets = {word for _, words in OF["make"] for word in words[1:]}
    assert {"reproduce", "test", "site"} <= targets
    output(run(ROOT, "make", "--dry-run", "PYTHON=true", *sorted(targets)))


def test_every_extra_that_is_installed_is_one():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for _, words in OF["pip"]:
        assert words[2].strip(".[]") in project["optional-dependencies"], words


def test_every_module_and_script_of_python_is_there():
    for _, words in OF["python"]:
        if words[1] == "-m":
            assert find_spec(words[2]), words
        else:
            assert (ROOT / words[1]).exists(), words


def test_a_command_that_is_none_is_found(monkeypatch, tmp_path):
    page = tmp_path / "a.md"
    page.write_text(
        "Say `sglr clams --scale NAME`.\n\n    .venv/bin/sglr plan  # all\n"
    )
    monkeypatch.setattr("test_commands_in_docs.PAGES", [page])
    monkeypatch.setattr("test_commands_in_docs.ROOT", tmp_path)
    assert [words for _, words in commands()] == [
        ["sglr", "plan"],
        ["sglr", "clams", "--scale", "digits"],
    ]
    with pytest.raises(AssertionError):
        test_a_command_of_sglr_is_parsed_and_its_run_is_one("a.md", commands()[1][1])
