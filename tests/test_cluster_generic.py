"""The profile for other schedulers, its own submit command run with a stand-in for the scheduler."""

import os
import sys
from importlib.util import find_spec

import pytest
from tools import ROOT, output, run

EVALUATION = "results/smoke/runs/digits-standard-s0/evaluation.json"
# Notes what it was asked for, runs the script beside everything else, prints a job id.
QSUB = """#!/bin/bash
echo "$@" >> "$(dirname "$0")/asked"
bash "${@: -1}" > /dev/null 2>&1 &
echo "$!.stand-in"
"""


@pytest.mark.skipif(
    not find_spec("snakemake_executor_plugin_cluster_generic"),
    reason="the plugin is not installed",
)
def test_jobs_go_to_the_scheduler_with_what_they_ask_for(tmp_path):
    qsub = tmp_path / "qsub"
    qsub.write_text(QSUB)
    qsub.chmod(0o755)
    profile = [
        "--profile",
        str(ROOT / "profiles/cluster-generic"),
        "--latency-wait",
        "5",
    ]
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "-s",
        ROOT / "Snakefile",
        *profile,
        "--",
        EVALUATION,
    ]
    output(run(tmp_path, *command, PATH=f"{tmp_path}:{os.environ['PATH']}"))
    assert (tmp_path / EVALUATION).exists()
    asked = (tmp_path / "asked").read_text().splitlines()
    assert len(asked) == 2
    assert all(
        "walltime=11:00" in line and "select=1:ncpus=1:ngpus=0:mem=2000mb" in line
        for line in asked
    )
