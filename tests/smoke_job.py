"""A training of the smoke scale, in this process."""

from pathlib import Path

import torch

from sglr.plan.plan import find_run
from sglr.plan.plan_files import load_plan
from sglr.training.job import Job


def a_job(run_id: str, results: Path) -> Job:
    plan = load_plan("smoke")
    run, cpu = find_run(run_id, plan.scale), torch.device("cpu")
    settings = plan.settings_of(run)
    return Job(run, plan.scale, results / run_id, settings, cpu, plan.scale.engine)
