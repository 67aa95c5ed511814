"""Whether what lies on disk was made with today's settings: the one comparison that every reader makes."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sglr.files.disk import damaged
from sglr.files.errors import UsageError
from sglr.files.records import read_json
from sglr.files.shapes import MANIFEST, MEASURED
from sglr.files.sums import is_named
from sglr.plan.names import CHECKPOINTS
from sglr.plan.plan import resolved_settings
from sglr.plan.runs import Run
from sglr.plan.scales import Scale

Json = dict[str, Any]


def read_manifest(folder: Path, run: Run, scale: Scale) -> Json:
    """Return the manifest of the finished training in `folder`, which must be of this run as the scale has it today.

    Raises UsageError where it is missing, damaged, another run's, or names another value of a setting. A setting that
    was not recorded yet is not compared.
    """
    path = folder / "manifest.json"
    manifest = read_json(path, MANIFEST)
    again = f"sglr train {run.id} --scale {scale.name}"
    if manifest["run"] != run.id:
        raise UsageError(
            f"{path}: holds run {manifest['run']!r}, expected {run.id!r}; to make it again: {again}"
        )
    settings = resolved_settings(run, scale)
    _check(manifest["run_settings"], settings, f"{path}: trained", again)
    return manifest


def is_todays(manifest: Json, run: Run, scale: Scale) -> bool:
    """Whether a manifest names no other value of a setting than the scale does for this run today."""
    now = json.loads(json.dumps(resolved_settings(run, scale)))
    return first_change(manifest.get("run_settings", {}), now) is None


def check_evaluation(
    evaluation: Json, manifest: Json, path: Path, scale: Scale
) -> None:
    """Raise UsageError unless the evaluation at `path` is of the manifest's networks and of today's settings."""
    again = f"sglr evaluate {manifest['run']} --scale {scale.name}"
    for name, entry in evaluation["checkpoints"].items():
        if name not in CHECKPOINTS:
            raise damaged(path, f"checkpoints has {name!r}, which is none")
        if entry.get("sha256") != manifest[name]["sha256"]:
            raise UsageError(
                f"{path}: measured on another training's networks; measure again: {again}"
            )
        if contradiction := _contradiction(entry):
            raise UsageError(f"{path}: {name}: {contradiction}; measure again: {again}")
    then = evaluation.get("measured_with", {})
    _check(then, measured_with("evaluate", scale), f"{path}: measured", again)


def _contradiction(entry: Json) -> str:
    """Which accuracy is not that of the images that an evaluation says were answered right; "" where all are."""
    slow = entry["autoattack"] or {}
    told = {
        "natural_accuracy": (entry["natural_accuracy"], entry.get("natural_correct")),
        "pgd20_accuracy": (entry["pgd20_accuracy"], entry["pgd20_correct"]),
        "autoattack.accuracy": (slow.get("accuracy"), slow.get("correct")),
    }
    counted = (entry["pgd20_correct"], entry), (slow.get("correct", ""), slow)
    for correct, of in counted:
        if of and len(correct) != of["num_images"]:
            return f"{len(correct)} answers of {of['num_images']} images"
    for name, (accuracy, correct) in told.items():
        if correct and abs(accuracy - correct.count("1") / len(correct)) > 1e-6:
            return f"{name} {accuracy} is not that of its images"
    return ""


def check_measurement(stage: str, folder: Path, manifest: Json, scale: Scale) -> None:
    """Raise UsageError unless folder/`stage`.json, where there is one, is of the manifest's networks and of today's
    settings; `stage` is trajectory or features."""
    path = folder / f"{stage}.json"
    if not path.exists() and not is_named(folder / f"{stage}.sha256", path.name):
        return  # measured before this was recorded
    record = read_json(path, MEASURED)
    again = f"sglr {stage} {manifest['run']} --scale {scale.name}"
    if record["networks"] != networks_of(stage, manifest):
        raise UsageError(
            f"{path}: measured on another training's networks; measure again: {again}"
        )
    now = measured_with(stage, scale)
    _check(record["measured_with"], now, f"{path}: measured", again)


def networks_of(stage: str, manifest: Json) -> list[str]:
    """Return the sha256 of the networks that a stage measures, in its order."""
    entries = (
        measured_networks(manifest) if stage == "trajectory" else [manifest["final"]]
    )
    return [entry["sha256"] for entry in entries]


def measured_networks(manifest: Json) -> list[Json]:
    """Return epoch and sha256 of the networks along a training, or of its last one where none were kept."""
    return manifest["trajectory"] or [manifest["final"]]


_DECIDING = {  # stage -> what decides it besides the training
    "evaluate": ("num_autoattack", "fast_autoattack", "batch_size"),
    "trajectory": ("num_gradient", "num_information_batches", "batch_size"),
    "features": ("num_features", "batch_size"),
}


def measured_with(stage: str, scale: Scale) -> Json:
    """Return the settings that decide a measurement besides the training."""
    names = _DECIDING[stage]
    values = {name: getattr(scale.measurement, name) for name in names}
    return values if stage == "features" else {"attack": asdict(scale.attack)} | values


def _check(then: Json, now: Json, what: str, again: str) -> None:
    """Raise UsageError where a setting that was recorded has another value today."""
    if changed := first_change(then, json.loads(json.dumps(now))):
        name, before, today = changed
        raise UsageError(
            f"{what} with {name} {before!r}, which is {today!r} today; undo the change, "
            f"give the changed scale another name (--set does), or do it again: {again}"
        )


def first_change(then: Any, now: Any, name: str = "") -> tuple[str, Any, Any] | None:
    """Return name, old and new value of the first setting that differs; keys that either lacks are left out."""
    if isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        then, now = dict(enumerate(then)), dict(enumerate(now))
    if not isinstance(then, dict) or not isinstance(now, dict):
        return None if then == now else (name, then, now)
    for key in [key for key in now if key in then]:
        inner = f"{name}.{key}".lstrip(".")
        if found := first_change(then[key], now[key], inner):
            return found
    return None
