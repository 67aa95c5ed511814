"""Table 1's counts: teachers, and forward passes of one training step outside its attack."""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from sglr.attacks.adversary import Adversary
from sglr.attacks.threat import LinfBall
from sglr.data.images import ImageSet
from sglr.methods.ard import RobustDistillation
from sglr.methods.base import Objective, Setup
from sglr.methods.kd_swa import TwoTeacherDistillation
from sglr.methods.rslad import RobustSoftLabelDistillation
from sglr.methods.sglr import SelfGuidedLabelRefinement
from sglr.models import build
from sglr.models.averaging import build_average
from sglr.plan.methods import KdSwa, Sglr

# Method, its objective, its settings, its teachers, the paper's count (Table 1).
_ROWS: list[tuple[str, type[Objective], Any, tuple[str, ...], int]] = [
    ("ard", RobustDistillation, None, ("at",), 3),
    ("rslad", RobustSoftLabelDistillation, None, ("at",), 3),
    ("kd_swa", TwoTeacherDistillation, KdSwa(), ("standard", "at"), 4),
    ("sglr", SelfGuidedLabelRefinement, Sglr(), (), 2),
]
_EPOCHS = 1  # one epoch, so that refinement and averaging are active in it


def count_forwards(x: Tensor, y: Tensor) -> list[dict[str, Any]]:
    """Return one row a method of Table 1, measured by hooks on one training step.

    The attack runs on the adversary's own copy of the network and so is not counted. The averaged network's pass
    for its BatchNorm statistics is: it sees every batch once an epoch.

    Args:
        x: (N, C, H, W) images in [0, 1], N >= 2.  y: (N,) classes.
    """
    rows = []
    for method, objective, settings, teachers, paper in _ROWS:
        calls = _measured(objective, settings, teachers, x, y)
        rows.append(
            {
                "method": method,
                "trained_teachers": len(set(calls) & set(teachers)),
                "standard_teacher": "standard" in calls,
                "adversarial_teacher": "at" in calls,
                "forwards_measured": len(calls),
                "forwards_paper": paper,
            }
        )
    return rows


def _measured(kind: type[Objective], settings: Any, teachers: tuple[str, ...], x: Tensor, y: Tensor) -> list[str]:
    """Which network each forward pass of a step went through: a teacher, the model or its average."""
    setup = _setup(teachers, x, y)
    objective = kind(settings, setup)
    average = build_average(settings, setup.model, _EPOCHS)
    networks = {"model": setup.model, **setup.teachers} | ({"average": average.network} if average else {})
    calls = _record_calls(networks)
    objective.loss(setup.model, x, y, torch.arange(len(y)), _EPOCHS).loss.backward()
    if average:
        average.after_epoch(setup.model, _EPOCHS, [x])
    return calls


def _setup(teachers: tuple[str, ...], x: Tensor, y: Tensor) -> Setup:
    num_classes = int(y.max()) + 1
    model = build("small_resnet", num_classes, x.shape[1], 4, 0).train()
    adversary = Adversary(model, LinfBall(8 / 255), 2 / 255, 10, torch.Generator().manual_seed(0))
    frozen = {name: copy.deepcopy(model).eval().requires_grad_(False) for name in teachers}
    held_out = ImageSet((x * 255).round().to(torch.uint8), y, 255)
    return Setup(y, num_classes, _EPOCHS, adversary, frozen, held_out, model)


def _record_calls(networks: dict[str, nn.Module]) -> list[str]:
    """A list that grows by a network's name with each of its forward passes."""
    calls: list[str] = []
    for name, network in networks.items():
        network.register_forward_hook(lambda *_, name=name: calls.append(name))
    return calls
