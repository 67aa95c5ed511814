"""What `sglr plan` says a plan costs."""

import json
import sys

from tools import ROOT, run

from sglr.artefacts.collect import runs_with
from sglr.page.cost import cost_lines, cost_sums
from sglr.plan.plan_files import load_plan


def test_estimates_until_a_run_has_been_measured(tmp_path):
    plan = load_plan("digits")
    cost = plan.scale.cost
    adversarial = [
        run for run in plan.runs.values() if not run.method.startswith("standard")
    ]
    total = (
        len(adversarial) * cost.adversarial
        + (len(plan.runs) - len(adversarial)) * cost.standard
    )
    runs, (sums, _) = cost_lines(plan, tmp_path), cost_sums(plan, tmp_path)
    assert len(runs) == len(plan.runs) and not any("measured" in line for line in runs)
    assert f"{len(plan.runs)} trainings, {total:.0f} minutes" in sums
    evaluated = [plan.runs[run] for run in runs_with("evaluation.json", plan)]
    assert (
        f"AutoAttack on {sum(map(plan.with_autoattack, evaluated))} of them" in sums
        and len(evaluated) > 20
    )


def test_a_measured_run_counts_its_median_epoch_so_that_a_suspension_does_not(tmp_path):
    (tmp_path / "digits-at-s0").mkdir()
    epochs = {"seconds_per_epoch": [60.0, 60.0, 60.0, 6000.0]}
    (tmp_path / "digits-at-s0" / "manifest.json").write_text(json.dumps(epochs))
    plan = load_plan("digits")
    (line,) = [
        line for line in cost_lines(plan, tmp_path) if line.startswith("digits-at-s0 ")
    ]
    assert (
        "4.0 min measured" in line
        and "table2, table3, table_start, headline, masking, figure1" in line
    )


def test_a_reader_who_leaves_early_gets_no_traceback_and_what_was_cut_short_is_no_success():
    words = [
        "bash",
        "-c",
        f"{sys.executable} -m sglr plan | true; exit ${{PIPESTATUS[0]}}",
    ]
    done = run(ROOT, *words)
    assert (done.returncode, done.stderr) == (1, "")
