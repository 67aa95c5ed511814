"""The runs' small text files become one tidy CSV an artefact. Imports no torch."""

from pathlib import Path
from typing import Any

import pandas as pd

from sglr.artefacts.headline import compare
from sglr.collected.published import TABLE1
from sglr.files.errors import UsageError
from sglr.files.records import read_json, write_csv
from sglr.plan.plan import Plan
from sglr.plan.runs import Run


def collect(artefact: str, plan: Plan, results: Path) -> None:
    """Write results/{scale}/collected/{artefact}*.csv from the runs' files below `results`/{scale}.

    A table keeps the rows of a run that is not there yet, without numbers; a figure does without the run. Raises
    UsageError where no run of the artefact is there.
    """
    folder = results / plan.scale.name
    out = folder / "collected"
    shown = plan.shown_runs(artefact, folder)
    done = [run for run in shown if plan.complete(artefact, run, folder)]
    if not done and artefact != "table1":
        raise UsageError(f"{artefact}: no run of it is in {folder / 'runs'} yet")
    if artefact == "table1":
        write_csv(out / "table1.csv", _counts(folder))
    elif artefact == "headline":
        write_csv(out / "headline.csv", compare(done, folder))
    elif artefact.startswith("table"):
        rows = [row for run in shown for row in _accuracies(run, plan, folder, run in done)]
        write_csv(out / f"{artefact}.csv", _with_shared_cells(rows) if artefact == "table4" else rows)
    else:
        for name, frame in _FIGURES[artefact](done, folder).items():
            write_csv(out / f"{name}.csv", frame)


def _counts(folder: Path) -> list[dict[str, Any]]:
    """What was counted for Table 1, with the paper's forward passes beside ours."""
    rows = read_json(folder / "forwards.json")["rows"]
    return [row | {"forwards_paper": TABLE1[row["method"]].forwards} for row in rows]


def _accuracies(run: Run, plan: Plan, folder: Path, done: bool) -> list[dict[str, Any]]:
    """One row for each checkpoint and attack of a run; one without either for a run not done."""
    settings = run.method_settings()
    ten = run.dataset == plan.scale.roles.ten_classes
    origin = {
        "dataset": run.dataset,
        "role": "ten_classes" if ten else "hundred_classes",
        "method": run.method,
        "r": getattr(settings, "r", None),
        "temperature": getattr(settings, "temperature", None),
        "seed": run.seed,
    }
    if not done:
        return [origin]
    rows = []
    for name, entry in read_json(folder / "runs" / run.id / "evaluation.json")["checkpoints"].items():
        rows += [
            origin | {"checkpoint": name, "attack": attack, "accuracy": entry[key], "num_images": entry["num_images"]}
            for attack, key in (("natural", "natural_accuracy"), ("pgd20", "pgd20_accuracy"))
        ]
        if entry["autoattack"]:
            full = {key: entry["autoattack"][key] for key in ("accuracy", "num_images")}
            rows.append(origin | {"checkpoint": name, "attack": "autoattack"} | full)
    return rows


def _with_shared_cells(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Table 4's r = 0 has no temperature: its one run fills the cell of every temperature."""
    temperatures = sorted({row["temperature"] for row in rows})
    shared = [row | {"temperature": value} for row in rows if row["r"] == 0 for value in temperatures]
    return [row for row in rows if row["r"] != 0] + shared


def _read(run: Run, folder: Path, name: str) -> pd.DataFrame:
    frame = pd.read_csv(folder / "runs" / run.id / name)
    return frame.assign(seed=run.seed, method=run.method, r=getattr(run.method_settings(), "r", None))


def _manifest(run: Run, folder: Path) -> dict[str, Any]:
    return read_json(folder / "runs" / run.id / "manifest.json")


def _figure1(runs: list[Run], folder: Path) -> dict[str, pd.DataFrame]:
    history = ["gradient_norm", "train_accuracy", "learning_rate"]
    trajectory = ["gradient_norm_full", "information_in_weights", "test_pgd20_accuracy"]
    parts = [
        _read(run, folder, name).melt(["seed", "epoch"], columns, "quantity", "value")
        for run in runs
        for name, columns in (("history.csv", history), ("trajectory.csv", trajectory))
    ]
    return {"figure1": pd.concat(parts)}


def _figure2(runs: list[Run], folder: Path) -> dict[str, pd.DataFrame]:
    labels = pd.concat([_read(run, folder, "labels.csv") for run in runs if run.seed == 0])
    curves = [
        _curves(run, folder, "test_robust_accuracy").assign(num_steps=manifest["run_settings"]["attack"]["curve_steps"])
        for run, manifest in ((run, _manifest(run, folder)) for run in runs)
    ]
    return {
        "figure2": pd.concat(curves)[["method", "seed", "epoch", "split", "accuracy", "num_steps"]],
        "figure2_labels": labels[["method", "class_index", "target_class", "probability"]],
    }


def _curves(run: Run, folder: Path, test_column: str) -> pd.DataFrame:
    frame = _read(run, folder, "history.csv").rename(columns={"train_accuracy": "train", test_column: "test"})
    return frame.melt(["method", "r", "seed", "epoch"], ["train", "test"], "split", "accuracy")


def _figure3(runs: list[Run], folder: Path) -> dict[str, pd.DataFrame]:
    quantities = ["confidence_correct", "confidence_incorrect", "accuracy", "ece"]
    parts = []
    for run in runs:
        frame = _read(run, folder, "trajectory.csv")
        for name in ("natural", "adversarial"):
            columns = {f"{name}_{quantity}": quantity for quantity in quantities}
            part = frame[["seed", "epoch", *columns]].rename(columns=columns).assign(input=name)
            parts.append(part[["seed", "epoch", "input", *quantities]])
    return {"figure3": pd.concat(parts)}


def _figure4(runs: list[Run], folder: Path) -> dict[str, pd.DataFrame]:
    parts = []
    for run in runs:
        portions = {name: _manifest(run, folder)[name] for name in ("untouched_portion", "true_portion")}
        parts.append(_curves(run, folder, "test_natural_accuracy").assign(noise=run.label_noise, **portions))
    return {"figure4": pd.concat(parts)}


def _figure5(runs: list[Run], folder: Path) -> dict[str, pd.DataFrame]:
    points = [_read(run, folder, "features.csv").assign(noise=run.label_noise) for run in runs if run.seed == 0]
    numbers = [
        {"method": run.method, "noise": run.label_noise, "seed": run.seed}
        | read_json(folder / "runs" / run.id / "separability.json")
        for run in runs
    ]
    return {
        "figure5": pd.concat(points)[["method", "noise", "x", "y", "label"]],
        "figure5_separability": pd.DataFrame(numbers),
    }


_FIGURES = {"figure1": _figure1, "figure2": _figure2, "figure3": _figure3, "figure4": _figure4, "figure5": _figure5}
