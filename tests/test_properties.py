"""Whatever the checks of settings and run names accept reads back as itself, and trains a step of its method; what
cannot be trained they refuse."""

from contextlib import suppress
from dataclasses import asdict, fields, replace

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from sglr.data import load_splits
from sglr.data.batches import Batches
from sglr.files.errors import UsageError
from sglr.files.settings import from_mapping
from sglr.methods import METHODS
from sglr.models.layout import memory_format
from sglr.models.networks import build_network
from sglr.plan.plan_files import load_plan
from sglr.plan.runs import Run, make_run, parse_run
from sglr.plan.scale_files import load_scale
from sglr.plan.scales import AttackSpec, Optimisation
from sglr.training import build

SMOKE = load_plan("smoke").scale
quick = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def records(draw, cls, **fixed):
    """A record with any value, in each field, that the field's own range allows."""
    values = dict(fixed)
    for each in fields(cls):
        name = each.name
        low, high = each.metadata.get("low", 0), each.metadata.get("high", 1)
        if name in values:
            continue
        if each.metadata.get("choices"):
            values[name] = draw(st.sampled_from(each.metadata["choices"]))
        elif str(each.type) in ("int", "<class 'int'>"):
            values[name] = draw(st.integers(low, high))
        elif str(each.type) in ("bool", "<class 'bool'>"):
            values[name] = draw(st.booleans())
        else:
            ends = st.sampled_from([float(low), float(high)])
            values[name] = draw(ends | st.floats(low, high))
    try:
        return cls(**values)
    except UsageError:  # each is allowed, all together are not
        assume(False)


@st.composite
def runs(draw, method: str | None = None) -> Run:
    name = method or draw(st.sampled_from(sorted(METHODS)))
    noise = draw(st.just(0.0) | st.floats(0, 1, exclude_max=True))
    chosen = asdict(draw(records(METHODS[name])))
    return make_run(
        "digits", name, seed=draw(st.integers(0, 9)), label_noise=noise, **chosen
    )


@quick
@given(runs())
def test_a_runs_settings_read_back_as_themselves(run):
    record = run.method_settings()
    assert from_mapping(type(record), asdict(record), "here") == record
    assert parse_run(run.id, ["digits"]).method_settings() == record


ODD = st.sampled_from(
    ["r0.4", "s1.9", "s=A", "seed1", "dataset=a", "noise=x", "T1.50", "s" + 400 * "9"]
)
PART = st.from_regex(r"[A-Za-z_]{1,5}=?[0-9A-Za-z.]{0,4}", fullmatch=True)


@settings(quick, max_examples=200)
@given(st.sampled_from(sorted(METHODS)), st.lists(PART | ODD, max_size=3), PART | ODD)
def test_a_name_is_the_runs_own_or_is_refused(method, parts, last):
    name = "-".join(["digits", method, *parts, last])
    with suppress(UsageError):
        assert parse_run(name, ["digits"]).id == name


@quick
@given(records(AttackSpec, train_steps=2, curve_steps=2))
def test_a_changed_scale_reads_back_from_its_name(attack):
    changes = [f"attack.{key}={value!r}" for key, value in asdict(attack).items()]
    changed = load_scale("+".join(["smoke", *changes]))
    assert changed.attack == attack and load_scale(changed.name) == changed


@pytest.fixture(scope="module")
def digits():
    spec = replace(SMOKE.data["digits"], num_train=20, num_validation=10, num_test=10)
    return load_splits(spec, label_noise=0.0, seed=0)


@pytest.mark.parametrize("method", sorted(METHODS))
def test_what_the_checks_accept_trains(digits, method, tmp_path_factory, monkeypatch):
    """Two steps in the last epoch, when labels are refined and weights averaged: nothing is raised, all is finite."""
    monkeypatch.setattr(
        build,
        "_teacher",
        lambda run, scale, splits, *_: build_network(run, scale, splits).eval(),
    )

    @quick
    @given(
        runs(method),
        records(AttackSpec, train_steps=1, curve_steps=1, test_steps=1),
        records(Optimisation, batch_size=10, learning_rate=0.1),
    )
    def train(run, attack, how):
        scale = replace(SMOKE, attack=attack, adversarial=how, standard=how)
        generator = torch.Generator().manual_seed(0)
        recipe = build.build_recipe(
            run, scale, digits, tmp_path_factory.getbasetemp(), generator, scale.engine
        )
        batches = Batches(
            digits.train,
            10,
            generator,
            augmented=False,
            memory_format=memory_format(recipe.model, scale.engine.channels_last),
        )
        recipe.begin_epoch(how.learning_rate)
        steps = [
            recipe.step(x, index, how.epochs)
            for x, index in batches.following(batches.order())
        ]
        recipe.end_epoch(how.epochs, batches)
        assert torch.stack(steps).isfinite().all(), (run.id, attack, how)
        weights = recipe.evaluated(how.epochs).state_dict().values()
        assert all(weight.isfinite().all() for weight in weights), (run.id, attack, how)

    train()


@pytest.mark.parametrize(
    ("method", "settings", "said"),
    [
        ("te", {"start": 0.9, "ramp_end": 0.9}, "ramp_end must come after start"),
        ("te", {"decay": 1.0}, "decay must be within"),
        ("sglr", {"decay": 1.0}, "decay must be within"),
        (
            "kd_swa",
            {
                "cross_entropy_weight": 0.0,
                "standard_weight": 0.0,
                "adversarial_weight": 0.0,
            },
            "are all 0",
        ),
    ],
)
def test_settings_that_together_make_no_training_are_refused(method, settings, said):
    with pytest.raises(UsageError, match=said):
        make_run("digits", method, **settings)
