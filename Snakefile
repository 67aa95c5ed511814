# `snakemake --cores 8 all` builds the default scale; `snakemake --cores 8 NAME` the scale of config/scales/NAME.yaml,
# and `NAME_headline` its central finding alone.
import atexit
import os
import sys
from math import ceil
from pathlib import Path
from shlex import quote

from snakemake.utils import min_version

sys.path.insert(0, workflow.basedir)

from sglr.artefacts import is_figure, load
from sglr.artefacts.collect import inputs_of
from sglr.collected.evidence import EVIDENCE, evidence_inputs
from sglr.files.errors import UsageError
from sglr.engine.lease import visible_gpus
from sglr.plan.plan import find_run, load_plan, teachers_of
from sglr.plan.scales import scale_names

min_version("9.19")


include: "workflow/rules/common.smk"
include: "workflow/rules/resources.smk"
include: "workflow/rules/runs.smk"
include: "workflow/rules/show.smk"
include: "workflow/rules/claims.smk"
include: "workflow/rules/report.smk"


rule all:
    """The default scale: every table and figure on real digits."""
    default_target: True
    input:
        shown("digits"),


for name in scale_names():

    rule:
        name:
            name
        input:
            shown(name),

    rule:
        name:
            f"{name}_headline"
        input:
            headline(name),
