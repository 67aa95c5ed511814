"""What the claims need besides the tables: which images each network answers right, and
what was measured of final networks. Imports no torch."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from sglr.collected.entries import accuracies_of, answers_of
from sglr.collected.runs import Runs
from sglr.files.errors import UsageError
from sglr.files.records import write_csv
from sglr.files.sums import write_sums
from sglr.methods.schedules import start_epoch
from sglr.plan.names import HUNDRED, TEN
from sglr.plan.plan import Plan
from sglr.plan.runs import Run

EVIDENCE = ("answers", "information", "erm")  # the collected files
_FINAL = (
    *("information_in_weights", "information_settled"),
    *("natural_ece", "adversarial_ece"),
)

Row = dict[str, Any]


def collect_evidence(plan: Plan, results: Path) -> None:
    """Write results/{scale}/collected/answers.csv, information.csv and erm.csv from the
    runs that are there. Raises UsageError where there is none."""
    folder = results / plan.scale.name
    found = {
        "answers": _answers(plan, folder),
        "information": _information(plan, folder),
        "erm": _erm(plan, folder),
    }
    if not any(found.values()):
        raise UsageError(f"evidence: no run of a table is in {folder / 'runs'} yet")
    for name, rows in found.items():
        write_csv(folder / "collected" / f"{name}.csv", rows)
    written = [f"{name}.csv" for name in found]
    read = [f"../{path}" for runs in _wanted(plan, folder) for path in runs.used]
    write_sums(folder / "collected", "evidence", [*written, *dict.fromkeys(read)])


def evidence_inputs(plan: Plan, folder: Path) -> list[str]:
    """Return the files below `folder`, results/{scale}, that collecting it reads."""
    names = (name for runs in _wanted(plan, folder) for name in runs.inputs)
    return list(dict.fromkeys(names))


def _wanted(plan: Plan, folder: Path) -> list[Runs]:
    others = [_measured(plan, folder), _standard(plan, folder)]
    return [*_evaluated(plan, folder), *others]


def cell_of(run: Run) -> str:
    """What a run is called beside others of its data set: its id without data and seed."""
    return run.id.removeprefix(f"{run.dataset}-").rpartition("-s")[0]


def _evaluated(plan: Plan, folder: Path) -> list[Runs]:
    tables = [name for name in plan.runs_of if not name.startswith("figure")]
    return [_runs(plan, name, "evaluation.json", folder) for name in tables]


def _measured(plan: Plan, folder: Path) -> Runs:
    return _runs(plan, "figure2", "trajectory.csv", folder)


def _standard(plan: Plan, folder: Path) -> Runs:
    """Figure 5's runs with hard labels and no noise: ordinary training."""
    runs = _runs(plan, "figure5", "history.csv", folder)
    ordinary = [
        run for run in runs.planned if run.method == "standard" and run.label_noise == 0
    ]
    return replace(runs, planned=tuple(ordinary))


def _runs(plan: Plan, artefact: str, file: str, folder: Path) -> Runs:
    planned = plan.runs_of.get(artefact, ())
    return Runs(plan, tuple(planned), (file,), folder)


def _answers(plan: Plan, folder: Path) -> list[Row]:
    """One row for each run, checkpoint and attack of the tables."""
    done = {run: runs for runs in _evaluated(plan, folder) for run in runs.done}
    rows = []
    for run, runs in done.items():
        origin, mark = _origin(plan, run), runs.mark(run)
        checkpoints = runs.json(run, "evaluation.json")["checkpoints"]
        for checkpoint, entry in checkpoints.items():
            named = origin | {"checkpoint": checkpoint} | mark
            named["epoch"] = entry["epoch"]
            rows += [named | row for row in _attacks(entry)]
    return rows


def _origin(plan: Plan, run: Run) -> Row:
    """`starts` is the first epoch in which the method's labels differ from its base's."""
    ten = run.dataset == plan.scale.roles.ten_classes
    start = getattr(run.method_settings(), "start", 0.0)
    return {
        "role": TEN if ten else HUNDRED,
        "method": run.method,
        "cell": cell_of(run),
        "seed": run.seed,
        "starts": start_epoch(start, plan.scale.adversarial.epochs),
    }


def _attacks(entry: Row) -> list[Row]:
    """A checkpoint's accuracies, and which images stayed correct: a "b" before them keeps them from being a number."""
    answers, rows = answers_of(entry), []
    for attack, accuracy in accuracies_of(entry).items():
        if accuracy is not None:
            correct = answers[attack] and f"b{answers[attack]}"
            rows.append({"attack": attack, "accuracy": accuracy, "correct": correct})
    return rows


def _information(plan: Plan, folder: Path) -> list[Row]:
    """Information in weights and calibration of the final networks of Figure 2's runs."""
    runs, rows = _measured(plan, folder), []
    for run in runs.done:
        trajectory = runs.csv(run, "trajectory.csv")
        # Trajectories measured before a column was added lack it.
        wanted = trajectory.reindex(columns=["epoch", *_FINAL])
        last = wanted.astype(float).iloc[-1].to_dict()
        named = {"method": run.method, "seed": run.seed}
        rows.append(named | last | runs.mark(run))
    return rows


def _erm(plan: Plan, folder: Path) -> list[Row]:
    """The gradient norm of ordinary training, by epoch."""
    runs = _standard(plan, folder)
    columns = ["seed", "epoch", "gradient_norm"]
    frames = [pd.DataFrame(columns=columns)]
    for run in runs.done:
        rows = runs.csv(run, "history.csv")[columns]
        frames.append(rows.assign(**runs.mark(run)))
    found = pd.concat(frames[1:] or frames)
    return found.rename(columns={"gradient_norm": "value"}).to_dict("records")
