"""What belongs together: a measurement and the networks and images that it was made of, a student and its teachers, a
run and its folder's name."""

import json
import shutil
from dataclasses import replace

import pytest
from at_run import files
from smoke_job import a_job
from tools import one_line, sglr

from sglr import load_model
from sglr.collected.results import read_manifests
from sglr.collected.runs import Runs
from sglr.data import load_splits
from sglr.engine.weights import read_packed, save_weights
from sglr.evaluation.bench import check_images
from sglr.files.errors import UsageError
from sglr.files.records import read_json, write_json
from sglr.files.sums import write_sums
from sglr.plan.bound import check_evaluation, check_measurement, measured_with
from sglr.plan.plan import find_run
from sglr.plan.plan_files import load_plan
from sglr.training.signals import StopRequest

SMOKE = load_plan("smoke")
PLAN = load_plan("mini")
RUN = "cifar10-at-s0"
SCALE = PLAN.scale


def test_features_of_other_networks_or_of_another_number_are_refused(
    evaluated_at, tmp_path
):
    manifest = json.loads((files(evaluated_at) / "manifest.json").read_text())
    record = {
        "networks": [manifest["final"]["sha256"]],
        "measured_with": measured_with("features", SMOKE.scale),
    }
    check_measurement("features", tmp_path, manifest, SMOKE.scale)  # none was recorded
    write_json(tmp_path / "features.json", record)
    check_measurement("features", tmp_path, manifest, SMOKE.scale)
    fewer = replace(SMOKE.scale.measurement, num_features=40)
    with pytest.raises(UsageError, match="measured with num_features 52, which is 40"):
        changed = replace(SMOKE.scale, measurement=fewer)
        check_measurement("features", tmp_path, manifest, changed)
    write_json(tmp_path / "features.json", record | {"networks": ["0" * 64]})
    with pytest.raises(UsageError, match="another training's networks"):
        check_measurement("features", tmp_path, manifest, SMOKE.scale)


def test_an_evaluation_of_another_trainings_networks_is_refused(here):
    path = files(here) / "evaluation.json"
    content = json.loads(path.read_text())
    content["checkpoints"]["final"]["sha256"] = "0" * 64
    path.write_text(json.dumps(content))
    (files(here) / "evaluate.sha256").unlink()
    assert one_line(
        sglr(here, "collect", "table2"), "measured on another training's networks"
    )


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


@pytest.mark.parametrize("attack", ["pgd20", "autoattack"])
def test_answers_are_of_as_many_images_as_the_evaluation_says(run_here, attack):
    manifest = read_json(run_here / "manifest.json")
    path = run_here / "evaluation.json"
    evaluation = read_json(path)
    entry = evaluation["checkpoints"]["final"]
    of = entry["autoattack"] if attack == "autoattack" else entry
    of["num_images"] -= 1
    with pytest.raises(UsageError, match=r"final: \d+ answers of \d+ images"):
        check_evaluation(evaluation, manifest, path, SCALE)


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
