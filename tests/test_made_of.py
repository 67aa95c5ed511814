"""What is drawn and judged is bound to the collected tables that it is made of, and these to their runs."""

import json
from dataclasses import replace

import pytest
from at_run import files
from tools import output, sglr

from sglr.artefacts.collect import check_collected
from sglr.files.errors import UsageError
from sglr.files.sums import write_sums
from sglr.plan.plan_files import load_plan


def test_what_was_collected_of_other_runs_is_neither_drawn_nor_judged(here):
    folder = here / "results/smoke"
    output(sglr(here, "collect", "table2"))
    evaluation = files(here) / "evaluation.json"
    content = json.loads(evaluation.read_text())
    evaluation.write_text(json.dumps(content))  # measured again, say
    write_sums(files(here), "evaluate", ["evaluation.json"])
    plan = load_plan("smoke")
    with pytest.raises(UsageError, match="sglr collect table2 --scale smoke"):
        check_collected(plan.artefacts, plan, folder)
    measurement = replace(plan.scale.measurement, num_autoattack=5)
    other = replace(plan, scale=replace(plan.scale, measurement=measurement))
    with pytest.raises(UsageError, match="measured with num_autoattack 3, which is 5"):
        check_collected(["table2"], other, folder)
