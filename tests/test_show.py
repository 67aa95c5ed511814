"""Whatever has been run is shown, and what has not says so."""

import json
import subprocess
import sys

import pandas as pd

from sglr.plan import load_plan


def evaluation(accuracy: float) -> dict:
    autoattack = {"accuracy": accuracy, "num_images": 4, "correct": "1000"}
    entry = {"natural_accuracy": accuracy, "pgd20_accuracy": accuracy, "num_images": 8, "pgd20_correct": "10100000"}
    return {"checkpoints": {name: entry | {"autoattack": autoattack} for name in ("best", "best_validation", "final")}}


def show(folder) -> subprocess.CompletedProcess[str]:
    words = ["-m", "sglr.cli", "show", "--scale", "smoke", "--results", "results", "--figures", "figures"]
    return subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, text=True)


def test_one_evaluated_run_is_shown_and_the_others_are_not_run(tmp_path):
    plan = load_plan("smoke")
    for run in ("digits-at-s0", "digits-sglr-s0"):
        folder = tmp_path / "results/smoke/runs" / run
        folder.mkdir(parents=True)
        (folder / "evaluation.json").write_text(json.dumps(evaluation(0.25)))
    rows = [{"method": "sglr", "standard_teacher": False, "adversarial_teacher": False}]
    (tmp_path / "results/smoke/forwards.json").write_text(json.dumps({"rows": rows}))
    done = show(tmp_path)
    assert done.returncode == 0, done.stderr
    assert [line.split(":")[1].strip() for line in done.stdout.splitlines()] == [f"figure{n}" for n in range(1, 6)]
    tables = tmp_path / "results/smoke/tables"
    table = pd.read_csv(tables / "table2.csv", dtype=str, keep_default_na=False)
    found = table.groupby("method")["final"].agg(set)
    assert found["PGD-AT"] == {"25.0"} and found["AWP"] == {"not run"}
    assert len(found) == len({run.method for run in plan.runs_of["table2"]})
    grid = pd.read_csv(tables / "table4.csv", dtype=str).set_index(["temperature", "accuracy"])
    assert (grid["r=0.2"] == "25.0").sum() == 2 and (grid["r=0.8"] == "not run").all()
    assert len(pd.read_csv(tables / "headline.csv")) == 4
    assert not (tmp_path / "figures").exists()
