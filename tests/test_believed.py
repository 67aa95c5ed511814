"""A file is believed for what it is, not because it lies where it should: what no checksum of its own would tell."""

import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tools import evaluation_of, manifest_of

from sglr import cli, load_model
from sglr.artefacts.collect import collect
from sglr.artefacts.render import render
from sglr.attacks.attack import Attack
from sglr.attacks.images import attack_images
from sglr.attacks.threat import L2Ball, LinfBall
from sglr.claims import render as ledger
from sglr.collected.results import read_manifests
from sglr.collected.runs import Runs
from sglr.data import load_splits
from sglr.data.images import ImageSet
from sglr.engine.weights import read_packed, save_weights
from sglr.evaluation.bench import check_images
from sglr.evaluation.gradient_norm import full_gradient_norm
from sglr.evaluation.masking import gradient_signs
from sglr.files.disk import write_bytes
from sglr.files.errors import NotYet, UsageError
from sglr.files.records import read_csv, read_json, write_csv, write_json
from sglr.files.sums import check_inputs, check_sums, write_sums
from sglr.page.cost import cost_lines
from sglr.page.figures import figure
from sglr.page.ledger import read_ledger
from sglr.plan.bound import check_evaluation, check_measurement, measured_with
from sglr.plan.plan import Plan, find_run
from sglr.plan.plan_files import load_plan
from sglr.training.job import Job
from sglr.training.signals import StopRequest
from sglr.training.state import remove_leftovers

MINI = Path(__file__).resolve().parents[1] / "results/mini"
PLAN = load_plan("mini")
RUN = "cifar10-at-s0"


@pytest.fixture
def run_here(tmp_path) -> Path:
    """The committed run, alone in results/mini of a folder of its own."""
    copied = tmp_path / "results/mini/runs" / RUN
    shutil.copytree(MINI / "runs" / RUN, copied)
    return copied


# Of other settings: every reader, every kind.

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


# Of other images, networks, runs.


def test_a_network_is_measured_on_the_images_of_its_training_alone(run_here):
    scale = load_plan("smoke").scale
    splits = load_splits(scale.data["digits"], label_noise=0.0, seed=0)
    seen = {name: getattr(splits, name).digest() for name in ("train", "test")}
    manifest = {"run": "digits-at-s0", "scale": "smoke", "images_sha256": seen}
    check_images(manifest, splits, run_here)
    check_images(manifest | {"images_sha256": {}}, splits, run_here)  # not recorded
    splits.test.labels[0] += 1
    again = "again: sglr train digits-at-s0 --scale smoke"
    with pytest.raises(UsageError, match=f"other test images than there are.*{again}"):
        check_images(manifest, splits, run_here)


def a_job(run_id: str, results: Path) -> Job:
    plan = load_plan("smoke")
    run, cpu = find_run(run_id, plan.scale), torch.device("cpu")
    settings = plan.settings_of(run)
    return Job(run, plan.scale, results / run_id, settings, cpu, plan.scale.engine)


def test_a_student_is_bound_to_the_networks_that_taught_it(tmp_path):
    a_job("digits-at-s0", tmp_path).fit(StopRequest())
    before = a_job("digits-kd_at-s0", tmp_path)
    path = tmp_path / "digits-at-s0/manifest.json"
    manifest, teaching = read_json(path), path.with_name("best_validation.safetensors")
    assert before.taught_by["digits-at-s0"] == manifest["best_validation"]["sha256"]
    header, network = read_packed(teaching)[0], load_model(teaching)
    network.classifier.bias.data += 1  # as other code would have trained it
    names = header["network"], header["run"], header["epoch"]
    manifest["best_validation"]["sha256"] = save_weights(teaching, network, *names)
    write_json(path, manifest)
    write_sums(path.parent, "train", ["manifest.json"])
    after = a_job("digits-kd_at-s0", tmp_path)
    assert after.taught_by != before.taught_by
    assert after.fingerprint != before.fingerprint


@pytest.mark.parametrize("key", ["natural", "pgd20", "autoattack"])
def test_an_accuracy_is_that_of_the_images_beside_it(run_here, key):
    manifest = read_json(run_here / "manifest.json")
    path = run_here / "evaluation.json"
    evaluation = read_json(path)
    check_evaluation(evaluation, manifest, path, SCALE)
    entry = evaluation["checkpoints"]["final"]
    if key == "natural":  # which evaluations of then did not have
        entry["natural_correct"] = "011"
    if key == "autoattack":
        entry["autoattack"]["accuracy"] += 0.01
    else:
        entry[f"{key}_accuracy"] += 0.01
    with pytest.raises(UsageError, match=f"final: {key}.* is not that of its images"):
        check_evaluation(evaluation, manifest, path, SCALE)


def test_a_measurement_whose_record_was_taken_away_is_refused(tmp_path):
    manifest = {"run": RUN, "final": {"sha256": "0"}, "trajectory": []}
    check_measurement("features", tmp_path, manifest, SCALE)  # never recorded
    record = {"networks": ["0"], "measured_with": measured_with("features", SCALE)}
    write_json(tmp_path / "features.json", record)
    write_sums(tmp_path, "features", ["features.json"])
    check_measurement("features", tmp_path, manifest, SCALE)
    (tmp_path / "features.json").unlink()
    with pytest.raises(UsageError, match="features.json: no such file"):
        check_measurement("features", tmp_path, manifest, SCALE)


def test_a_copy_under_no_runs_name_is_nobodys_run(run_here):
    for name in (f"{RUN} copy", "cifar10-at-s²", "old"):
        shutil.copytree(run_here, run_here.with_name(name))
    assert list(read_manifests(run_here.parents[1], SCALE)) == [RUN]
    run = find_run(RUN, SCALE)
    runs = Runs(PLAN, (run,), ("evaluation.json",), run_here.parents[1])
    assert runs.done == [run]
    shutil.copytree(run_here, run_here.with_name("cifar10-at-s7"))
    with pytest.raises(UsageError, match=f"holds run '{RUN}', expected"):
        read_manifests(run_here.parents[1], SCALE)


def test_an_epoch_stands_once_in_a_history(run_here):
    path = run_here / "history.csv"
    (run_here / "train.sha256").unlink(missing_ok=True)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines, lines[-1]]))
    runs = Runs(PLAN, (), ("history.csv",), run_here.parents[1])
    with pytest.raises(UsageError, match="damaged, epoch 32 stands in it twice"):
        runs.csv(find_run(RUN, SCALE), "history.csv")


class Masked(torch.nn.Module):
    """Finite logits at every input, and a gradient that is NaN: one that steps along it gets NaN, and answers it."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits = x.nan_to_num().flatten(1)[:, :10]
        return logits + (self.weight * 0 * x.sum()).abs().sqrt()


def test_a_gradient_that_is_not_finite_is_no_attack_and_no_norm():
    images = ImageSet(
        torch.randint(0, 16, (4, 1, 8, 8), dtype=torch.uint8), torch.arange(4), 16
    )
    network = Masked()
    assert network(images.pixels()).isfinite().all()
    with pytest.raises(UsageError, match="gradient is not finite, and so no attack"):
        attack_images(Attack(network, L2Ball(0.1), 0.05, 2), images, 4)
    with pytest.raises(UsageError, match="respect to the images is not finite"):
        gradient_signs(network, images, ball=LinfBall(0.1), batch_size=4)
    with pytest.raises(UsageError, match="gradient is not finite: nothing"):
        full_gradient_norm(network, images.pixels(), images.labels, 4)


# What was made of what.


@pytest.fixture(scope="module")
def judged_once(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("judged") / "results/mini"
    shutil.copytree(MINI / "collected", folder / "collected")
    ledger.write(PLAN, folder)
    return folder


@pytest.fixture
def judged(judged_once, tmp_path) -> Path:
    """A folder with what mini has collected, and the ledger made of it."""
    return shutil.copytree(judged_once, tmp_path / "results/mini")


def test_a_ledger_of_what_has_been_collected_anew_is_not_read(judged):
    assert len(read_ledger(judged / "claims.csv")) > 100
    table = read_csv(judged / "collected/answers.csv")
    write_csv(judged / "collected/answers.csv", table[1:])
    with pytest.raises(UsageError, match=r"answers.csv: changed since \S+claims was"):
        read_ledger(judged / "claims.csv")


def test_what_no_artefact_of_the_plan_collects_is_not_judged(judged):
    shutil.copy(judged / "collected/table3.csv", judged / "collected/other.csv")
    (judged / "collected/broken.csv").write_text("a,b\n1\n")
    fewer = replace(
        PLAN,
        runs_of={key: runs for key, runs in PLAN.runs_of.items() if key != "table3"},
    )
    found = set(ledger.read_all(fewer, judged).frames)
    assert "table2" in found and not found & {"table3", "other", "broken"}


def test_a_figure_is_bound_through_links_too(tmp_path):
    for name, place in (("results", "far/results"), ("figures", "far/away/figures")):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / name).symlink_to(tmp_path / place)
    collected = tmp_path / "results/mini/collected"
    shutil.copytree(MINI / "collected", collected)
    figures = tmp_path / "figures/mini"
    render("figure3", SCALE, collected.parent, figures)
    assert figure("figure3", collected, figures)["image"]
    table = read_csv(collected / "figure3.csv")
    write_csv(collected / "figure3.csv", table[1:])
    write_sums(collected, "figure3", ["figure3.csv"])
    with pytest.raises(UsageError, match="figure3.csv: changed since"):
        figure("figure3", collected, figures)


def test_a_table_is_bound_to_what_it_was_made_of(judged):
    render("table2", SCALE, judged, judged)
    sums = judged / "tables/table2.sha256"
    check_inputs(sums)
    printed = judged / "tables/table2.md"
    with pytest.raises(UsageError, match="again: sglr draw table2 --scale mini"):
        check_sums(printed, printed.read_bytes() + b" ")
    table = read_csv(judged / "collected/table2.csv")
    write_csv(judged / "collected/table2.csv", table[1:])
    with pytest.raises(UsageError, match="table2.csv: changed since"):
        check_inputs(sums)


def test_a_users_own_checksums_are_nobodys(tmp_path):
    write_json(tmp_path / "evaluation.json", {})
    write_sums(tmp_path, "mine", ["evaluation.json"])
    write_json(tmp_path / "evaluation.json", {"a": 1})
    assert read_json(tmp_path / "evaluation.json") == {"a": 1}


def test_json_nested_without_end_is_damaged(tmp_path):
    (tmp_path / "a.json").write_text("[" * 200_000)
    with pytest.raises(UsageError, match="damaged, not readable as JSON"):
        read_json(tmp_path / "a.json")


# What is there in part.


def test_a_headline_without_pgd_at_is_not_run_yet(tmp_path):
    plan = load_plan("smoke")
    for run in plan.runs_of["headline"]:
        folder = tmp_path / "smoke/runs" / run.id
        write_json(folder / "manifest.json", manifest_of(plan, run))
        bits = {"num_images": 4, "natural_accuracy": 0.5, "autoattack": None}
        bits |= {"pgd20_accuracy": 0.5, "pgd20_correct": "0101"}
        found = evaluation_of(dict.fromkeys(("best", "final"), bits))
        if run.method != "at":
            write_json(folder / "evaluation.json", found)
    with pytest.raises(NotYet, match="no seed of it has PGD-AT evaluated yet"):
        collect("headline", plan, tmp_path)


def test_who_measures_meanwhile_keeps_its_temporary_file(tmp_path, monkeypatch):
    left: list[str] = []

    def stopped(_: int) -> None:
        left.extend(path.name for path in tmp_path.iterdir())
        monkeypatch.undo()
        name = left[0].replace(f".{os.getpid()}.", f".{os.getppid()}.")
        (tmp_path / name).write_bytes(b"of a process that runs")
        gone = left[0].replace(f".{os.getpid()}.", f".{2**22 + 1}.")
        (tmp_path / gone).write_bytes(b"of one that does not")
        remove_leftovers(tmp_path)
        left[:] = [path.name for path in tmp_path.iterdir()]
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", stopped)
    with pytest.raises(KeyboardInterrupt):
        write_bytes(tmp_path / "evaluation.json", b"new")
    assert [name.split(".")[-2] for name in left] == [str(os.getppid())]


# What is left of another program, and of a training that has diverged.


def test_a_default_dtype_changes_no_loaded_network():
    name, x = f"mini/{RUN}-final", torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        plain = load_model(name)(x)
        torch.set_default_dtype(torch.float64)
        try:
            found = load_model(name)(x)
        finally:
            torch.set_default_dtype(torch.float32)
    assert found.dtype == torch.float32 and torch.equal(found, plain)


def test_weights_that_are_not_finite_end_the_training_in_their_epoch(tmp_path):
    job = a_job("digits-at-s0", tmp_path)
    next(iter(job.recipe.model.buffers()))[0] = torch.inf  # of BatchNorm
    with pytest.raises(UsageError, match="epoch 1: .* is not finite: the training"):
        job.fit(StopRequest())
    assert not list(tmp_path.rglob("manifest.json"))


# What is promised.


def test_each_promise_names_tests_that_are_there():
    page = (MINI.parents[1] / "docs/faults.md").read_text()
    rows = [line.split("|")[1:-1] for line in page.splitlines() if line[:1] == "|"]
    named = [cells[2].strip() for cells in rows[2:] if cells[1].strip()]
    tests = {path.stem for path in Path(__file__).parent.glob("test_*.py")}
    for words in named:
        for name in words.split(", "):
            assert f"test_{name}" in tests, words
    assert len(named) > 30
