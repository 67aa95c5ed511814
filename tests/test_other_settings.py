"""A run that was trained with other settings than today's is refused by whoever reads it, and the setting is named."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from at_run import RUN, files
from tools import copy_checkout, one_line, sglr

from sglr.files.errors import UsageError
from sglr.plan.bound import read_manifest
from sglr.plan.plan_files import load_plan

SMOKE = load_plan("smoke")


@pytest.fixture
def edited(here) -> Path:
    """A checkout whose scale has another epsilon than the run in it."""
    copy_checkout(here)
    scale = here / "config/scales/smoke.yaml"
    text = scale.read_text()
    assert "epsilon: 0.15" in text
    scale.write_text(text.replace("epsilon: 0.15", "epsilon: 0.3"))
    return here


@pytest.mark.parametrize(
    "words",
    [
        ("evaluate", RUN),
        ("trajectory", RUN),
        ("features", RUN),
        ("export", RUN),
        ("collect", "table2"),
        ("show",),
        ("train", "digits-kd_at-s0"),
    ],
    ids=lambda words: words[0],
)
def test_every_reader_refuses_a_run_of_another_setting(edited, words):
    said = sglr(edited, *words)
    assert one_line(said, "trained with attack.epsilon 0.15, which is 0.3 today"), (
        said.stderr
    )
    assert f"sglr train {RUN} --scale smoke" in said.stderr


CHANGES = {
    "attack.train_steps": {"attack": replace(SMOKE.scale.attack, train_steps=9)},
    "network.width": {"network": replace(SMOKE.scale.network, width=9)},
    "optimisation.momentum": {
        "adversarial": replace(SMOKE.scale.adversarial, momentum=0.5)
    },
    "data.num_train": {
        "data": SMOKE.scale.data
        | {"digits": replace(SMOKE.scale.data["digits"], num_train=61)}
    },
    "engine.fold": {"engine": replace(SMOKE.scale.engine, fold=False)},
    "threads": {"threads": 2},
    "scale": {"name": "other"},
    "num_curve": {"measurement": replace(SMOKE.scale.measurement, num_curve=9)},
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_setting_of_any_kind_is_named(evaluated_at, name):
    changed = replace(SMOKE.scale, **CHANGES[name])
    with pytest.raises(
        UsageError, match=rf"trained with {re.escape(name)} \S+, which is"
    ):
        read_manifest(files(evaluated_at), SMOKE.runs[RUN], changed)
    assert (
        read_manifest(files(evaluated_at), SMOKE.runs[RUN], SMOKE.scale)["run"] == RUN
    )


def test_what_the_attack_of_a_measurement_changes_trains_nothing_anew(evaluated_at):
    longer = replace(SMOKE.scale, attack=replace(SMOKE.scale.attack, test_steps=30))
    assert read_manifest(files(evaluated_at), SMOKE.runs[RUN], longer)
