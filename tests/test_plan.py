"""The plan: every run once, slugs that read back, and clear words for what is not allowed."""

import pytest

from sglr.artefacts import load
from sglr.artefacts.collect import runs_of
from sglr.files.errors import UsageError
from sglr.models import build
from sglr.plan import plan_files, scale_files
from sglr.plan.plan import teachers_of
from sglr.plan.plan_files import load_plan
from sglr.plan.progress import Progress
from sglr.plan.runs import make_run, parse_run
from sglr.plan.scale_files import load_scale
from sglr.plan.scales import ARCHITECTURES


def test_every_planned_slug_reads_back_as_the_same_run():
    plan = load_plan("digits")
    for run_id, run in plan.runs.items():
        assert run.id == run_id
        assert parse_run(run_id, list(plan.scale.data)) == run


def test_equal_runs_are_one_run():
    plan = load_plan("digits")
    (pgd_at,) = plan.artefacts["figure3"]
    assert all(
        pgd_at in plan.artefacts[name] for name in ("table2", "table3", "figure2")
    )
    # 5 x 3 cells, of which the three with r = 0 are one run.
    assert len(plan.artefacts["table4"]) == 13
    assert make_run("digits", "sglr", r=0.2, temperature=1.5) == make_run(
        "digits", "sglr"
    )
    assert make_run("digits", "sglr", r=0.0, temperature=2.0) == make_run(
        "digits", "sglr", r=0.0
    )


def test_the_papers_scale_is_planned_once_and_shares_its_runs():
    plan = load_plan("paper")
    assert plan.artefacts["figure1"] == ["cifar10-preact_resnet18-at-s0"]
    users = [name for name, runs in plan.artefacts.items() if "cifar10-at-s0" in runs]
    assert {"table2", "table3", "headline", "figure2", "figure3"} <= set(users)
    assert plan.scale.attack.epsilon == 8 / 255 and plan.scale.adversarial.epochs == 200


def test_teachers_are_planned_and_shared():
    plan = load_plan("digits")
    (teachers,) = (
        teachers_of(run)
        for name, run in plan.runs.items()
        if name == "digits-kd_swa-s0"
    )
    assert [teacher.id for teacher in teachers] == [
        "digits-standard-s0",
        "digits-at-s0",
    ]
    assert "digits-standard-s0" in load_plan("smoke").artefacts["figure5"]


@pytest.mark.parametrize(
    ("run_id", "message"),
    [
        ("svhn-at-s0", "unknown data set 'svhn'; allowed: digits, numbers"),
        ("digits-magic-s0", "unknown method 'magic'; allowed: "),
        ("digits-sglr-r1.5-s0", "r must be within [0, 1]"),
        ("digits-at-r0.5-s0", "unknown key 'r'"),
        ("digits-at-../x", "cannot read '../x'"),
    ],
)
def test_a_bad_run_says_what_is_allowed(run_id, message):
    with pytest.raises(UsageError) as caught:
        parse_run(run_id, ["digits", "numbers"])
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "epsilon: 0.15",
            "epsilon: 15",
            "attack: epsilon must be within [0, 1], got 15",
        ),
        ("step_size: 0.0375", "stepsize: 0.0375", "attack: unknown key 'stepsize'"),
        ("threads: 1 ", "threads: four ", "threads must be int, got 'four'"),
        ("threads: 1 ", "threads: 1.7 ", "threads must be int, got 1.7"),
        ("threads: 1 ", "threads: -3 ", "threads must be within [1, 1024], got -3"),
        ("gpu: false", "gpu: 1", "gpu must be bool, got 1"),
        ("gpu: false", "", "key 'gpu' is missing"),
        (
            "num_curve: 56",
            "num_curve: -56",
            "measurement: num_curve must be within [1, 1000000], got -56",
        ),
        (
            "weight_decay: 5.0e-4",
            "weight_decay: -5",
            "adversarial: weight_decay must be within [0, 1], got -5",
        ),
        ("default: 1", "default: 0", "seeds: default must be within [1, 1000], got 0"),
        (
            "architecture: small_resnet",
            "architecture: vgg",
            "network: architecture: unknown value 'vgg'; allowed: small",
        ),
        (
            "label_noise: digits}",
            "label_noise: svhn}",
            "roles: unknown data set 'svhn'; allowed: digits, numbers",
        ),
        (
            "digits: {source: digits,",
            "digits: 5\n  other: {source: digits,",
            "data.digits: expected a mapping, got 5",
        ),
        (
            "network: {architecture",
            "network: 5\nnot: {architecture",
            "unknown key 'not'; allowed: adversarial, attack, base, cost, data,",
        ),
        ("label: ", "name: mine\nlabel: ", "unknown key 'name'"),
    ],
)
def test_a_bad_scale_names_file_key_and_value(tmp_path, monkeypatch, old, new, message):
    text = (scale_files.CONFIG / "scales" / "smoke.yaml").read_text()
    assert old in text
    (tmp_path / "scales").mkdir()
    (tmp_path / "scales" / "bad.yaml").write_text(text.replace(old, new))
    monkeypatch.setattr(scale_files, "CONFIG", tmp_path)
    with pytest.raises(UsageError) as caught:
        load_scale("bad")
    assert str(caught.value).startswith("config/scales/bad.yaml: ") and message in str(
        caught.value
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "table1: []",
            "table9: []",
            "there is no artefact 'table9': no file sglr/artefacts/table9.py",
        ),
        (
            "table1: []",
            "tabel2: []",
            "no file sglr/artefacts/tabel2.py; did you mean 'table2'?",
        ),
        (
            "table1: []",
            "table1: [{data: ten_classes, method: at, autoatack: false}]",
            "unknown key 'autoatack'; did you mean 'autoattack'? allowed: data, method",
        ),
        (
            "table1: []",
            "table1: [{data: ten_classes, method: at, seed: 3}]",
            "unknown key 'seed'; allowed: data, method",
        ),
        (
            "table1: []",
            "table1: [{data: ten_classes, method: {at: 1}}]",
            "unknown method {'at': 1}; allowed: ard, at",
        ),
        (
            "table1: []",
            "table1:",
            "table1 must be a list of mappings with data and method, got None",
        ),
        (
            "table1: []",
            "table1: [at]",
            "table1 must be a list of mappings with data and method, got ['at']",
        ),
        (
            "table1: []",
            "table1: [{data: ten_classes}]",
            "table1 must be a list of mappings with data and method",
        ),
        (
            "method: sglr, r: [0,",
            "method: sglr, r: [zero,",
            "r must be a number, got 'zero'",
        ),
        (
            "label_noise: 0.4}",
            "label_noise: much}",
            "label_noise must be a number, got 'much'",
        ),
    ],
)
def test_a_bad_plan_is_one_clear_line(tmp_path, monkeypatch, old, new, message):
    text = (scale_files.CONFIG / "plan.yaml").read_text()
    assert old in text
    (tmp_path / "plan.yaml").write_text(text.replace(old, new))
    monkeypatch.setattr(plan_files, "CONFIG", tmp_path)
    with pytest.raises(UsageError) as caught:
        load_plan("smoke")
    assert message in str(caught.value)


def test_a_file_among_the_artefacts_that_is_none_is_said():
    with pytest.raises(UsageError, match=r"'latex' is no table or figure"):
        load("latex")


def test_the_architectures_that_a_scale_may_name_are_those_that_can_be_built():
    for name in ARCHITECTURES:
        build(name, 10, 3, 4, 0)


def test_an_unknown_scale_lists_the_known_ones():
    with pytest.raises(UsageError, match="unknown scale 'huge'; allowed: .*digits"):
        load_scale("huge")


def test_a_trajectory_is_part_of_what_a_training_is():
    plan = load_plan("digits")
    every = {
        run_id: plan.settings_of(run)["trajectory_every"]
        for run_id, run in plan.runs.items()
    }
    assert every["digits-at-s0"] == plan.scale.measurement.trajectory_every > 0
    assert every["digits-ls-s0"] == 0


def test_every_seed_is_trained_and_measured_alike():
    plan = load_plan("mini")
    for method, autoattack in (("at", True), ("sglr", True), ("standard", True)):
        first, other = (make_run("cifar10", method, seed=seed) for seed in (0, 4))
        assert plan.with_autoattack(other) == plan.with_autoattack(first) == autoattack
        settings = [plan.settings_of(run)["trajectory_every"] for run in (first, other)]
        assert (
            settings == [plan.scale.measurement.trajectory_every * (method == "at")] * 2
        )
    assert not plan.with_autoattack(make_run("cifar10", "sglr", seed=4, r=0.4))
    assert sorted({run.seed for run in load_plan("mini", seeds=3).runs.values()}) == [
        0,
        1,
        2,
    ]


def test_a_seed_that_was_not_planned_is_shown_once_all_of_it_is_there(tmp_path):
    plan = load_plan("smoke")
    names = plan.artefacts["figure2"]
    other = tmp_path / "runs" / "digits-at-s7"
    other.mkdir(parents=True)
    for missing, name in enumerate(
        ("history.csv", "labels.csv", "manifest.json"), start=-2
    ):
        (other / name).write_text("")
        shown = [run.id for run in runs_of("figure2", plan, tmp_path).shown]
        assert shown == names + ["digits-at-s7"] * (missing == 0)
    assert [
        run.id for run in runs_of("headline", plan, tmp_path).shown
    ] == plan.artefacts["headline"]


def test_how_far_a_workflow_has_come_is_said_at_the_pace_so_far():
    jobs = {3: ("evaluate", 8.0), 1: ("train", 6.0), 2: ("train", 6.0)}
    assert Progress(jobs).words(3.0) == "Done: 0 of 2 trainings, 0 of 1 measurements"
    said = Progress(jobs, done={1}).words(3.0)  # half of its estimate; 14 are left
    assert said == "Done: 1 of 2 trainings, 0 of 1 measurements, about 7 minutes left"
