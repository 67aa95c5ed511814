"""A measurement is bound to the networks and the images that it was made of."""

import json
from dataclasses import replace

import pytest
from at_run import files
from tools import one_line, sglr

from sglr.files.errors import UsageError
from sglr.files.records import write_json
from sglr.plan.bound import check_measurement, measured_with
from sglr.plan.plan_files import load_plan

SMOKE = load_plan("smoke")


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
