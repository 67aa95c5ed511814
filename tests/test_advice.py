"""A message about a file ends with the command that makes it again, which can be typed as it stands and solves it."""

import json
import re
import shlex
import sys
from pathlib import Path

import pytest
from at_run import RUN, files
from tools import ROOT, Done, check_commands_of_sums, output, run, sglr

from sglr.cli import _parser
from sglr.commands.advice import completed
from sglr.engine.weights import read_packed, save_weights
from sglr.export.weights import load_model
from sglr.files.again import command_for
from sglr.files.errors import ReadOnly, UsageError


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("runs/digits-at-s0/trajectory/0002.safetensors", "train digits-at-s0"),
        (
            "runs/digits-at-noise0.4-s0/evaluate.sha256",
            "evaluate digits-at-noise0.4-s0",
        ),
        ("runs/digits-at-s0/separability.json", "features digits-at-s0"),
        ("collected/erm.csv", "collect evidence"),
        ("claims_paper.csv", "claims"),
        ("overhead.json", "time-steps"),
        ("figure3.svg", "draw figure3"),
        (
            "exported/digits-at-noise0.4-s0-best.safetensors",
            "export digits-at-noise0.4-s0 --checkpoint best",
        ),
        ("tables/table2.csv", "draw table2"),
        ("report.html", ""),
    ],
)
def test_every_result_has_the_command_that_makes_it(name, command):
    found = command_for(Path("results/smoke", name))
    assert found == (f"sglr {command} --scale smoke" if command else "")


def test_every_file_is_made_again_by_the_command_of_its_checksums(evaluated_at):
    committed = [ROOT / "results", ROOT / "figures"]
    assert sum(map(check_commands_of_sums, [*committed, evaluated_at])) > 40


def test_what_a_message_advises_has_the_options_of_the_command_that_met_it(
    monkeypatch,
):
    words = ["collect", "table2", "--scale", "my.yaml", "--set", "threads=2"]
    words += ["--results", "there", "--plan", "a plan.yaml"]
    arguments = _parser().parse_args(words)
    monkeypatch.setattr(sys, "argv", ["sglr", *words])
    options = "--scale my.yaml --set threads=2 --plan 'a plan.yaml' --results there"
    line = "a: no such file; to make it: sglr train digits-at-s0 --scale my+threads=2"
    said = completed(UsageError(line), arguments)
    assert said == f"a: no such file; to make it: sglr train digits-at-s0 {options}"
    typed = completed(ReadOnly("a: cannot be written"), arguments).split(": ")[-1]
    again = _parser().parse_args(shlex.split(typed)[1:])
    assert (str(again.read_from), again.scale) == ("there", "my.yaml")
    assert again.results != arguments.results


def advice(said: Done) -> list[str]:
    """The command that a message tells to type."""
    (command,) = re.findall(r"sglr (\w+ \S+ --scale \w+)", said.stderr)
    return [sys.executable, "-m", "sglr", *command.split()]


@pytest.mark.parametrize("damage", ["all cut", "exchanged", "gone"])
def test_a_damaged_checkpoint_is_healed_by_what_the_message_says(here, damage):
    path, before = (
        files(here) / "final.safetensors",
        (files(here) / "manifest.json").read_bytes(),
    )
    if damage == "all cut":  # no copy of it is left
        for each in files(here).rglob("*.safetensors"):
            each.write_bytes(each.read_bytes()[:9000])
    elif damage == "exchanged":
        save_weights(path, load_model(path), read_packed(path)[0]["network"], RUN, 1)
    else:
        path.unlink()
    refused = sglr(here, "evaluate", RUN)
    assert refused.returncode == 2 and ".safetensors: " in refused.stderr
    output(run(here, *advice(refused)))
    output(sglr(here, "evaluate", RUN))
    after = json.loads((files(here) / "manifest.json").read_text())
    assert after["final"] == json.loads(before)["final"]
