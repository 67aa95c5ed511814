"""What the claims need besides the tables: which images each network answers right, and
what was measured of final networks. Imports no torch."""

from pathlib import Path
from typing import Any

import pandas as pd

from sglr.collected.runs import Runs
from sglr.files.errors import UsageError
from sglr.files.records import write_csv
from sglr.files.sums import write_sums
from sglr.methods.schedules import start_epoch
from sglr.plan.names import ATTACKS, HUNDRED, TEN
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
    used = dict.fromkeys(path for runs in _wanted(plan, folder) for path in runs.used)
    files = [*(f"{name}.csv" for name in found), *(f"../{path}" for path in used)]
    write_sums(folder / "collected", "evidence", files)


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
    runs = [run for run in plan.runs_of.get("figure5", ()) if run.method == "standard"]
    clean = tuple(run for run in runs if not run.label_noise)
    return Runs(plan, clean, ("history.csv",), folder)


def _runs(plan: Plan, artefact: str, file: str, folder: Path) -> Runs:
    return Runs(plan, tuple(plan.runs_of.get(artefact, ())), (file,), folder)


def _answers(plan: Plan, folder: Path) -> list[Row]:
    """One row for each run, checkpoint and attack of the tables."""
    done = {run: runs for runs in _evaluated(plan, folder) for run in runs.done}
    rows = []
    for run, runs in done.items():
        evaluation = runs.json(run, "evaluation.json")
        for checkpoint, entry in evaluation["checkpoints"].items():
            origin = _origin(plan, run) | {"checkpoint": checkpoint} | runs.mark(run)
            origin["epoch"] = entry["epoch"]
            rows += [origin | row for row in _attacks(entry)]
    return rows


def _origin(plan: Plan, run: Run) -> Row:
    """`starts` is the first epoch in which the method's labels differ from its base's."""
    roles = {
        plan.scale.roles.ten_classes: TEN,
        plan.scale.roles.hundred_classes: HUNDRED,
    }
    start = getattr(run.method_settings(), "start", 0.0)
    starts = start_epoch(start, plan.scale.adversarial.epochs)
    names = {"role": roles[run.dataset], "method": run.method, "cell": cell_of(run)}
    return names | {"seed": run.seed, "starts": starts}


def _attacks(entry: Row) -> list[Row]:
    """A checkpoint's accuracies, and "1" for each image that stayed correct, "0" for each
    other, in the order of the test set; older evaluations kept none of natural images."""
    slow = entry["autoattack"] or {}
    accuracies = (
        entry["natural_accuracy"],
        entry["pgd20_accuracy"],
        slow.get("accuracy"),
    )
    bits = (entry.get("natural_correct"), entry["pgd20_correct"], slow.get("correct"))
    rows = []
    for attack, accuracy, correct in zip(ATTACKS, accuracies, bits, strict=True):
        if accuracy is not None:
            row = {"attack": attack, "accuracy": accuracy}
            rows.append(row | {"correct": f"b{correct}" if correct else None})
    return rows


def _information(plan: Plan, folder: Path) -> list[Row]:
    """Information in weights and calibration of the final networks of Figure 2's runs."""
    runs, rows = _measured(plan, folder), []
    for run in runs.done:
        # Trajectories measured before a column was added lack it.
        table = runs.csv(run, "trajectory.csv").reindex(columns=["epoch", *_FINAL])
        values = table.astype(float).iloc[-1].to_dict()
        named = {"method": run.method, "seed": run.seed}
        rows.append(named | values | runs.mark(run))
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
