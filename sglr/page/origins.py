"""How each number was made, what it cost, and what was not run. Imports no torch."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from sglr.artefacts.collect import runs_of, runs_with
from sglr.page.cost import cost_sums
from sglr.plan.plan import Plan
from sglr.plan.scales import Scale

Manifests = dict[str, dict[str, Any]]


def origins(plan: Plan, folder: Path, manifests: Manifests) -> dict[str, Any]:
    """Settings, machines, runs and cost of everything below `folder`, results/{scale}."""
    machines = list(
        dict.fromkeys(_machine(manifest) for manifest in manifests.values())
    )
    seconds = sum(sum(manifest["seconds_per_epoch"]) for manifest in manifests.values())
    return {
        "file": _scale_text(plan.scale),
        "machines": [_named(machine, manifests) for machine in machines],
        "runs": [_run(run, manifest, folder) for run, manifest in manifests.items()],
        "hours": f"{seconds / 3600:.2f}",
        "whole_plan": cost_sums(plan, folder / "runs")[0],
        "uses": {
            name: [run.id for run in runs_of(name, plan, folder).done]
            for name in plan.artefacts
        },
    }


def _scale_text(scale: Scale) -> str:
    """Everything that the scale fixes, its base and its changes worked in."""
    return yaml.safe_dump(asdict(scale), sort_keys=False)


def _machine(manifest: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    origin = manifest["origin"]
    versions = ", ".join(
        f"{name} {version}" for name, version in origin["versions"].items()
    )
    engine = ", ".join(f"{key} {value}" for key, value in manifest["engine"].items())
    named = {
        "device": origin["device"],
        "commit": origin["commit"],
        "engine": engine,
        "Python": origin["python"],
    }
    return tuple(
        (key, str(value)) for key, value in (named | {"packages": versions}).items()
    )


def _named(
    machine: tuple[tuple[str, str], ...], manifests: Manifests
) -> dict[str, str]:
    count = sum(_machine(manifest) == machine for manifest in manifests.values())
    return {"runs": str(count), **dict(machine)}


def _run(run: str, manifest: dict[str, Any], folder: Path) -> dict[str, Any]:
    settings = manifest["run_settings"]
    record = {
        key: value for key, value in manifest.items() if not isinstance(value, list)
    }
    return {
        "id": run,
        "seed": settings["seed"],
        "epochs": len(manifest["seconds_per_epoch"]),
        "seconds": f"{sum(manifest['seconds_per_epoch']):.0f}",
        "device": manifest["origin"]["device"],
        "commit": manifest["origin"]["commit"],
        "collapsed": manifest.get("collapsed", ""),
        "evaluated": (folder / "runs" / run / "evaluation.json").exists(),
        "record": yaml.safe_dump(record, sort_keys=False),
    }


def not_run(plan: Plan, manifests: Manifests, folder: Path) -> dict[str, Any]:
    """Planned runs that were not trained or not evaluated, with the minutes that the scale's file estimates."""
    runs = [
        {
            "run": run,
            "for": ", ".join(name for name, ids in plan.artefacts.items() if run in ids)
            or "teacher",
            "minutes (estimate)": f"{plan.estimated_minutes(run, 'train'):g}",
        }
        for run in plan.runs
        if run not in manifests
    ]
    wanted = runs_with("evaluation.json", plan)
    waiting = [
        run
        for run in wanted
        if run in manifests and not (folder / "runs" / run / "evaluation.json").exists()
    ]
    return {"planned": len(plan.runs), "runs": runs, "not_evaluated": waiting}
