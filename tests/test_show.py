"""Whatever has been run is shown, and what has not says so."""

import json
import re
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path

import pandas as pd
from tools import ROOT, evaluation_of, git, manifest_of, output, run, sglr

from sglr.files.yaml import CONFIG
from sglr.plan.plan_files import load_plan

COMMITTED = ROOT / "results/mini/runs"


def evaluation(accuracy: float) -> dict:
    autoattack = {"accuracy": accuracy, "num_images": 4, "correct": "1000"}
    entry = {
        "natural_accuracy": accuracy,
        "pgd20_accuracy": accuracy,
        "num_images": 8,
        "pgd20_correct": "10100000",
    }
    return evaluation_of(
        {
            name: entry | {"autoattack": autoattack}
            for name in ("best", "best_validation", "final")
        }
    )


def test_one_evaluated_run_is_shown_and_the_others_are_not_run(tmp_path):
    plan = load_plan("smoke")
    for name in ("digits-at-s0", "digits-sglr-s0"):
        folder = tmp_path / "results/smoke/runs" / name
        folder.mkdir(parents=True)
        manifest = manifest_of(plan, plan.runs[name])
        (folder / "manifest.json").write_text(json.dumps(manifest))
        (folder / "evaluation.json").write_text(json.dumps(evaluation(0.25)))
    counts = {"trained_teachers": 0, "forwards_measured": 2}
    teachers = {"standard_teacher": False, "adversarial_teacher": False}
    rows = [{"method": "sglr"} | counts | teachers]
    (tmp_path / "results/smoke/forwards.json").write_text(json.dumps({"rows": rows}))
    done = sglr(tmp_path, "show")
    assert done.returncode == 0, done.stderr
    missing = {line.split(":")[1].strip() for line in done.stdout.splitlines()}
    assert missing == {name for name in plan.artefacts if name.startswith("figure")}
    tables = tmp_path / "results/smoke/tables"
    table = pd.read_csv(tables / "table2.csv", dtype=str, keep_default_na=False)
    final = table[table["checkpoint"] == "final"]
    found = final.groupby("method")["mean"].agg(set)
    assert found["at"] == {"25"} and found["awp"] == {""}
    assert len(found) == len({run.method for run in plan.runs_of["table2"]})
    grid = pd.read_csv(tables / "table4.csv").set_index("r")["mean"]
    assert (grid[0.2] == 25).sum() == 2 and grid[0.8].isna().all()
    # Two attacks, four quantities of SGLR and three of PGD-AT, which gains nothing over itself.
    assert len(pd.read_csv(tables / "headline.csv")) == 2 * (4 + 3)
    assert not (tmp_path / "figures").exists()


def test_the_committed_runs_are_drawn_again_and_give_the_committed_tables(tmp_path):
    shutil.copytree(COMMITTED, tmp_path / "results/mini/runs")
    shutil.copy(COMMITTED.parent / "forwards.json", tmp_path / "results/mini")
    done = sglr(tmp_path, "show", scale="mini")
    assert done.returncode == 0, done.stderr
    committed = [
        *COMMITTED.parent.glob("collected/*"),
        *COMMITTED.parent.glob("tables/*"),
    ]
    assert len(committed) > 20
    for path in committed:
        again = tmp_path / "results/mini" / path.relative_to(COMMITTED.parent)
        assert again.read_bytes() == path.read_bytes(), path
    assert (tmp_path / "figures/mini/figure2.pdf").stat().st_size > 0
    drawn = sorted((ROOT / "figures/mini").glob("*.svg"))
    assert len(drawn) == sum(
        name.startswith("figure") for name in load_plan("mini").artefacts
    )
    for path in drawn:
        again = tmp_path / path.relative_to(ROOT)
        assert again.read_bytes() == path.read_bytes(), path


def test_a_damaged_file_is_an_error_and_the_rest_is_drawn(tmp_path):
    shutil.copytree(
        COMMITTED / "cifar10-at-s0", tmp_path / "results/mini/runs/cifar10-at-s0"
    )
    (tmp_path / "results/mini/runs/cifar10-at-s0/evaluation.json").write_text("{")
    done = sglr(tmp_path, "show", scale="mini")
    assert (
        done.returncode == 2
        and "evaluation.json: damaged" in done.stderr
        and "not run: table2" not in done.stdout
    )
    assert (
        done.stderr.count("\n") == 1
        and (tmp_path / "figures/mini/figure3.pdf").exists()
    )


@cache
def code_of(commit: str) -> str:
    """What the sources of a commit say that their digest is."""
    with tempfile.TemporaryDirectory() as folder:
        git(ROOT, "archive", "--output", f"{folder}/sources.tar", commit, "sglr")
        shutil.unpack_archive(f"{folder}/sources.tar", folder, filter="data")
        says = "from sglr.files import origin; print(origin.code_digest())"
        return output(run(Path(folder), sys.executable, "-c", says)).strip()


def test_committed_runs_are_of_committed_code():
    """A checkout whose figures alone had been drawn again was once called dirty, too; the digest tells."""
    for path in COMMITTED.glob("*/*.json"):
        made = json.loads(path.read_text()).get("origin", {})
        commit, dirty, _ = made.get("commit", "").partition("-dirty")
        assert not dirty or made["code_sha256"] == code_of(commit), path


def test_committed_runs_name_where_they_come_from():
    for manifest in COMMITTED.glob("*/manifest.json"):
        record = json.loads(manifest.read_text())
        assert (
            record["origin"]["device"]
            and record["origin"]["commit"]
            and len(record["seconds_per_epoch"]) == 32
        )
    for record in COMMITTED.parents[1].glob("*.json"):
        assert "-dirty" not in json.loads(record.read_text())["origin"]["commit"]


def test_the_scales_file_quotes_its_pilots():
    text = (CONFIG / "scales/mini.yaml").read_text().replace("\n#", "")
    quoted = {
        "runs/cifar10-at-s0": r"rises to ([\d.]+) % PGD-10 accuracy \(epoch (\d+) of 32\) and ends at ([\d.]+) %, so",
        "runs/cifar100-at-s0": r"-100 images it rises to ([\d.]+) % \(epoch (\d+)\), more .*? and ends at ([\d.]+) %",
        "pilots/augmented": r"flips it rises to ([\d.]+) % \(epoch (\d+)\) and ends at ([\d.]+) %",
        "pilots/cifar100-8000": r"images: ([\d.]+) % \(epoch (\d+)\), at the end ([\d.]+) %",
    }
    for folder, pattern in quoted.items():
        history = pd.read_csv(COMMITTED.parent / folder / "history.csv").set_index(
            "epoch"
        )
        robust = 100 * history["test_robust_accuracy"]
        expected = (
            f"{robust.max():.1f}",
            str(robust.idxmax()),
            f"{robust.iloc[-1]:.1f}",
        )
        assert re.search(pattern, text).groups() == expected, folder
