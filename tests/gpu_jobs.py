"""Trainings and networks on the pretended GPU, at the smallest sizes."""

from dataclasses import replace

import torch

from sglr.engine.device import prepare
from sglr.models import build
from sglr.plan.plan_files import load_plan
from sglr.plan.runs import make_run
from sglr.plan.scales import Engine
from sglr.training.job import Job

PLAN = load_plan(
    "smoke+adversarial.epochs=2+standard.epochs=2+attack.curve_steps=1"
    "+attack.test_steps=1+measurement.batch_size=20+measurement.num_gradient=20"
    "+measurement.num_curve=20"
)
SCALE = PLAN.scale
FAST = Engine(precision="bf16", fold=True, channels_last=True, graphs=True)
EXACT = replace(FAST, precision="fp32")


def job_of(folder, method="at", engine=EXACT):
    device, able = prepare(engine, threads=1)
    run = make_run("digits", method)
    settings = PLAN.settings_of(run) | {"trajectory_every": 2 * (method == "at")}
    return Job(run, SCALE, folder / run.id, settings, device, able)


def new():
    return torch.Generator("cuda").manual_seed(0)


def copy_to_gpu(network):
    copied = build("small_resnet", 10, 1, 8, 0).to("cuda")
    copied.load_state_dict(network.state_dict())
    return copied.eval()
