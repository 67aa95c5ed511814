"""Names and settings: whatever is accepted reads back exactly, whatever is not says what is allowed."""

from dataclasses import MISSING, dataclass, fields

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from tools import ROOT, one_line, sglr

from sglr.files.errors import UsageError
from sglr.files.settings import exact, unknown
from sglr.files.yaml import CONFIG
from sglr.methods import METHODS
from sglr.methods.method import Method, setting
from sglr.plan.plan_files import Choice, load_plan
from sglr.plan.runs import make_run, parse_run
from sglr.plan.scale_files import load_scale, scale_content, scale_names
from sglr.plan.scales import Scale
from sglr.plan.schema import schemas

README = (CONFIG / "README.md").read_text()


@given(st.floats(allow_nan=False, allow_infinity=False, width=64))
def test_a_number_reads_back_exactly_and_has_no_exponent(value):
    assert float(exact(value)) == value and "e" not in exact(value)


@settings(max_examples=200)
@given(st.data())
def test_every_run_reads_back_from_its_name(data):
    method = data.draw(st.sampled_from(sorted(METHODS)))
    values = {}
    for field in fields(METHODS[method]):
        if data.draw(st.booleans()):
            values[field.name] = data.draw(
                st.floats(field.metadata["low"], field.metadata["high"])
            )
    noise = data.draw(st.floats(0, 1, exclude_max=True))
    seed = data.draw(st.integers(0, 2**32 - 1))
    try:
        run = make_run("cifar10", method, seed=seed, label_noise=noise, **values)
    except UsageError:  # each within its range, together not
        assert method in ("te", "kd_swa")
        return
    assert parse_run(run.id, ["cifar10"]) == run


def test_words_and_flags_can_be_settings(monkeypatch):
    @dataclass(frozen=True)
    class Odd(Method):
        name = "odd"
        mode: str = setting("hinge", choices=("hinge", "square"))
        clip: bool = setting(False)

    monkeypatch.setitem(METHODS, "odd", Odd)
    run = make_run("digits", "odd", mode="square", clip=True)
    assert (
        run.id == "digits-odd-clip=true-mode=square-s0"
        and parse_run(run.id, ["digits"]) == run
    )
    with pytest.raises(
        UsageError, match="mode: unknown value 'squared'; did you mean 'square'"
    ):
        make_run("digits", "odd", mode="squared")


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("digits-at-s01", "digits-at-s1"),
        ("digits-at-s1.9", "digits-at-s1"),
        ("digits-at-s0-s1", "digits-at-s1"),
        ("digits-sglr-r0.2-r0.4-s0", "digits-sglr-r0.4-s0"),
        ("digits-awp-gamma0.01-s0", "digits-awp-s0"),
        ("digits-at", "digits-at-s0"),
    ],
)
def test_a_name_that_is_not_the_runs_own_is_refused(name, own):
    with pytest.raises(UsageError, match=f"did you mean '{own}'"):
        parse_run(name, ["digits"])


def test_the_committed_runs_keep_their_names():
    names = [path.name for path in (ROOT / "results/mini/runs").iterdir()]
    data = list(load_scale("mini").data)
    assert len(names) > 50 and [parse_run(name, data).id for name in names] == names


def test_a_message_hides_no_digit():
    with pytest.raises(UsageError, match=r"r must be within \[0, 1\], got 1.0000001$"):
        make_run("digits", "sglr", r=1.0000001)
    with pytest.raises(
        UsageError, match=r"seed must be within \[0, 4294967295\], got 4294967296$"
    ):
        make_run("digits", "sglr", seed=2**32)


def test_what_is_allowed_is_said_plainly():
    assert (
        unknown("att", ["at", "ls"], "method")
        == "unknown method 'att'; did you mean 'at'? allowed: at, ls"
    )
    assert unknown("n", [], "key") == "unknown key 'n'; none is allowed here"


def test_a_base_fills_in_what_a_scale_does_not_say(tmp_path):
    (tmp_path / "mine.yaml").write_text(
        "base: mini\nlabel: mine\nadversarial: {epochs: 3}\n"
    )
    mine, mini = load_scale(str(tmp_path / "mine.yaml")), load_scale("mini")
    assert (mine.name, mine.label, mine.adversarial.epochs) == ("mine", "mine", 3)
    assert (
        mine.adversarial.batch_size == mini.adversarial.batch_size
        and mine.attack == mini.attack
    )


def test_bases_in_a_circle_are_one_line(tmp_path):
    one, other = tmp_path / "one.yaml", tmp_path / "other.yaml"
    one.write_text(f"base: {other}\n")
    other.write_text(f"base: {one}\n")
    with pytest.raises(UsageError, match="its bases go round in a circle"):
        load_scale(str(one))


@pytest.mark.parametrize(
    ("base", "message"),
    [
        ("minni", "mine.yaml: base: unknown scale 'minni'; did you mean 'mini'"),
        ("5", "mine.yaml: base: unknown scale 5"),
        ("[mini]", "mine.yaml: base: unknown scale ['mini']"),
        ("gone.yaml", "gone.yaml: no such file"),
    ],
)
def test_a_base_that_is_not_there_is_named_with_the_file_that_says_it(
    tmp_path, base, message
):
    (tmp_path / "mine.yaml").write_text(f"base: {base}\n")
    with pytest.raises(UsageError) as caught:
        load_scale(str(tmp_path / "mine.yaml"))
    assert message in str(caught.value)


def test_a_base_is_looked_for_beside_the_file_that_names_it(tmp_path, monkeypatch):
    (tmp_path / "parent.yaml").write_text("base: smoke\nlabel: parent\n")
    (tmp_path / "child.yaml").write_text("base: parent.yaml\nthreads: 2\n")
    monkeypatch.chdir("/")
    child = load_scale(str(tmp_path / "child.yaml"))
    assert (child.label, child.threads) == ("parent", 2)


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"a: [1"])
def test_a_file_that_cannot_be_read_is_one_line(tmp_path, content):
    path = tmp_path / "mine.yaml"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(
        UsageError,
        match="^[^\n]*mine.yaml: (cannot be read|damaged|not readable)[^\n]*$",
    ):
        load_scale(str(path))


def test_a_scales_file_cannot_take_the_results_of_another_scale(tmp_path):
    (tmp_path / "mini.yaml").write_text("base: mini\nthreads: 2\n")
    with pytest.raises(UsageError, match="there is a scale 'mini' already"):
        load_scale(str(tmp_path / "mini.yaml"))
    assert load_scale(str(CONFIG / "scales/mini.yaml")) == load_scale("mini")
    (tmp_path / "a b.yaml").write_text("base: mini\n")
    with pytest.raises(UsageError, match="a scale's name is letters"):
        load_scale(str(tmp_path / "a b.yaml"))


def test_a_scales_file_may_lie_in_a_folder_with_a_plus(tmp_path):
    (tmp_path / "c++").mkdir()
    (tmp_path / "c++/mine.yaml").write_text("base: mini\n")
    assert load_scale(f"{tmp_path}/c++/mine.yaml+threads=2").name == "mine+threads=2"


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("mini+attack.epsilon=4/255", "mini+attack.epsilon=0.01568627450980392"),
        ("mini+attack.epsilon=8/255", "mini"),  # its own value is no change
        (
            "mini+engine.fold=no+adversarial.epochs=5",
            "mini+adversarial.epochs=5+engine.fold=false",
        ),
        ("mini+data.cifar10.augment=true", "mini+data.cifar10.augment=true"),
        (
            "mini+network.architecture=small_resnet",
            "mini+network.architecture=small_resnet",
        ),
    ],
)
def test_a_changed_scale_has_a_name_of_its_own_that_reads_back(spec, name):
    scale = load_scale(spec)
    assert scale.name == name and load_scale(name) == scale
    assert (scale.label == load_scale("mini").label) == (name == "mini")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("attack.epsilonn=4", "unknown key 'epsilonn'; did you mean 'epsilon'"),
        ("atack.epsilon=4", "unknown key 'atack'; did you mean 'attack'"),
        ("attack.epsilon=7", "epsilon must be within [0, 1], got 7"),
        ("attack.epsilon", "expected KEY=VALUE"),
        ("attack.epsilon.more=1", "is a value and has no keys"),
        ("threads=[1", "threads=[1: not readable as YAML"),
        ("data.digits.name=x", "data.digits: unknown key 'name'"),
        ("threads=four", "threads must be int, got 'four'"),
        ("label=two words", "cannot be part of a name"),
        # Its name would read back as a number.
        (
            "label='12'",
            "cannot be part of a name",
        ),
    ],
)
def test_a_wrong_change_is_one_clear_line(change, message):
    assert one_line(sglr(ROOT, "plan", "--set", change), message)


def test_the_schemas_are_what_the_records_say_and_every_scale_keeps_to_them():
    for name, schema in schemas().items():
        assert (
            yaml.safe_load((ROOT / "workflow/schemas" / name).read_text()) == schema
        ), "python -m sglr.plan.schema"
    validator = Draft202012Validator(schemas()["scale.schema.yaml"])
    for name in scale_names():
        assert list(validator.iter_errors(scale_content(name))) == []
    wrong = scale_content("mini") | {"threads": 0, "gpus": True}
    assert {error.validator for error in validator.iter_errors(wrong)} == {
        "minimum",
        "additionalProperties",
    }


def test_the_configurations_guide_has_every_key():
    for field in (*fields(Choice), *fields(Scale)):
        assert f"`{field.name}`" in README or field.name == "name", field.name
        inner = (
            field.type
            if isinstance(field.type, type)
            and hasattr(field.type, "__dataclass_fields__")
            else None
        )
        for each in fields(inner) if inner else ():
            assert f"`{each.name}`" in README, f"{field.name}.{each.name}"
    config = yaml.safe_load((CONFIG / "config.yaml").read_text())
    assert config == {
        field.name: None if field.default is MISSING else field.default
        for field in fields(Choice)
    }


@pytest.mark.parametrize("word", ["010", "1_0", "٣", "0x1", "nan", "1/0_2", "01/2"])
def test_a_rate_is_no_word_that_python_would_read_as_another_number(word):
    with pytest.raises(UsageError, match="learning_rate"):
        load_plan(f"smoke+adversarial.learning_rate={word}")
