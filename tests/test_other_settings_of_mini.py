"""The committed run under other settings than its own: every reader refuses each kind, and its minutes do not count."""

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sglr import cli
from sglr.page.cost import cost_lines
from sglr.plan.plan import Plan
from sglr.plan.plan_files import load_plan

MINI = Path(__file__).resolve().parents[1] / "results/mini"
PLAN = load_plan("mini")
RUN = "cifar10-at-s0"
SCALE = PLAN.scale
KINDS = {
    "attack.train_steps": {"attack": replace(SCALE.attack, train_steps=9)},
    "network.width": {"network": replace(SCALE.network, width=9)},
    "optimisation.momentum": {"adversarial": replace(SCALE.adversarial, momentum=0.5)},
    "data.num_test": {
        "data": SCALE.data | {"cifar10": replace(SCALE.data["cifar10"], num_test=61)}
    },
    "engine.fold": {"engine": replace(SCALE.engine, fold=not SCALE.engine.fold)},
    "threads": {"threads": SCALE.threads + 1},
    "num_curve": {"measurement": replace(SCALE.measurement, num_curve=9)},
}
READERS = (
    ("evaluate", RUN),
    ("trajectory", RUN),
    ("features", RUN),
    ("export", RUN),
    ("events", RUN),
    ("train", "cifar10-kd_at-s0"),
    ("collect", "table2"),
    ("collect", "evidence"),
    ("draw", "table2"),
    ("show",),
    ("claims",),
    ("report",),
    ("bundle",),
)


def typed(monkeypatch, capsys, plan: Plan, *words: str) -> tuple[int, str]:
    """What a command says and ends with, in this process, where the settings are the plan's."""
    monkeypatch.setattr(cli, "load_plan", lambda *_, **__: plan)
    monkeypatch.setattr(sys, "argv", ["sglr", *words, "--scale", "mini"])
    capsys.readouterr()
    with pytest.raises(SystemExit) as end:
        cli.main()
    return int(str(end.value.code)), capsys.readouterr().err


@pytest.mark.parametrize("kind", KINDS)
def test_every_reader_refuses_every_kind_of_other_setting(
    kind, run_here, monkeypatch, capsys
):
    shutil.copytree(MINI / "collected", run_here.parents[1] / "collected")
    monkeypatch.chdir(run_here.parents[3])
    changed = replace(PLAN, scale=replace(SCALE, **KINDS[kind]))
    for words in READERS:
        status, said = typed(monkeypatch, capsys, changed, *words)
        assert status == 2 and said.count("\n") == 1, (words, said)
        assert f"trained with {kind} " in said, (words, said)
        assert f"again: sglr train {RUN} --scale mini" in said, (words, said)


def test_minutes_of_other_settings_are_no_measured_ones(run_here):
    (line,) = [
        line for line in cost_lines(PLAN, run_here.parent) if line.startswith(f"{RUN} ")
    ]
    assert "measured" in line
    changed = replace(PLAN, scale=replace(SCALE, **KINDS["network.width"]))
    assert not [
        line for line in cost_lines(changed, run_here.parent) if "measured" in line
    ]
