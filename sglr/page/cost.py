"""What a plan costs: measured where a run has been done, estimated by the scale's file elsewhere. Imports no torch."""

import os
from pathlib import Path
from statistics import median

from sglr.artefacts.collect import runs_with
from sglr.files.records import read_json
from sglr.files.shapes import TIMED
from sglr.plan.bound import is_todays
from sglr.plan.plan import Plan


def cost_lines(plan: Plan, folder: Path) -> list[str]:
    """One line a run: minutes of training, what uses it. `folder` holds the runs' own folders."""
    lines = []
    for run_id in plan.runs:
        minutes, measured = _training_minutes(plan, run_id, folder)
        users = ", ".join(_users(plan, run_id))
        lines.append(
            f"{run_id:44} {minutes:8.1f} min{' measured' if measured else '':9} {users}"
        )
    return lines


def cost_sums(plan: Plan, folder: Path) -> tuple[str, str]:
    """The whole plan's cost, one job after another, and as many at once as there are processors."""
    training = sum(_training_minutes(plan, run_id, folder)[0] for run_id in plan.runs)
    evaluated = [plan.runs[run] for run in runs_with("evaluation.json", plan)]
    attacked, processors = (
        sum(map(plan.with_autoattack, evaluated)),
        os.cpu_count() or 1,
    )
    evaluation = plan.scale.cost.evaluation * attacked
    return (
        f"{len(plan.runs)} trainings, {_duration(training)}; AutoAttack on {attacked} of them, "
        f"{_duration(evaluation)}; one after another {_duration(training + evaluation)} ({plan.scale.label})",
        f"with {processors} at once about {_duration((training + evaluation) / processors)}",
    )


def _training_minutes(plan: Plan, run_id: str, folder: Path) -> tuple[float, bool]:
    """Minutes, and whether they were measured, with today's settings, rather than estimated."""
    path = folder / run_id / "manifest.json"
    if path.exists():
        manifest = read_json(path, TIMED)
        if is_todays(manifest, plan.runs[run_id], plan.scale):
            # An epoch beside other jobs takes longer.
            seconds = manifest["seconds_per_epoch"]
            return median(seconds) * len(seconds) / 60, True
    return plan.estimated_minutes(run_id, "train"), False


def _users(plan: Plan, run_id: str) -> list[str]:
    return [name for name, runs in plan.artefacts.items() if run_id in runs] or [
        "teacher"
    ]


def _duration(minutes: float) -> str:
    return f"{minutes:.0f} minutes" if minutes < 120 else f"{minutes / 60:.1f} hours"
