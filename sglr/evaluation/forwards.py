"""Table 1's counts: teachers, and forward passes of one training step outside its attack."""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from sglr.attacks.adversary import Adversary
from sglr.attacks.threat import LinfBall
from sglr.data.images import ImageSet
from sglr.methods import METHODS
from sglr.methods.method import Method
from sglr.methods.objective import Setup
from sglr.models import build

COUNTED = ("ard", "rslad", "kd_swa", "sglr")  # the methods of Table 1
_EPOCHS = 1  # one epoch, so that refinement and averaging are active in it


def count_forwards(x: Tensor, y: Tensor) -> list[dict[str, Any]]:
    """Return one row a method of Table 1, measured by hooks on one training step.

    The attack runs on the adversary's own copy of the network and so is not counted. The averaged network's pass
    for its BatchNorm statistics is: it sees every batch once an epoch.

    Args:
        x: (N, C, H, W) images in [0, 1], N >= 2.  y: (N,) classes.
    """
    rows = []
    for name in COUNTED:
        method = METHODS[name]()
        calls = _measured(method, x, y)
        rows.append(
            {
                "method": name,
                "trained_teachers": len(set(calls) & set(method.teachers)),
                "standard_teacher": "standard" in calls,
                "adversarial_teacher": "at" in calls,
                "forwards_measured": len(calls),
            }
        )
    return rows


def _measured(method: Method, x: Tensor, y: Tensor) -> list[str]:
    """Which network each forward pass of a step went through: a teacher, the model or its average."""
    setup = _setup(method.teachers, x, y)
    objective = method.objective(method, setup)
    average = method.average(setup.model, _EPOCHS)
    networks = {"model": setup.model, **setup.teachers} | (
        {"average": average.network} if average else {}
    )
    calls = _record_calls(networks)
    objective.loss(x, torch.arange(len(y)), _EPOCHS).loss.backward()
    if average:
        average.after_epoch(setup.model, _EPOCHS, [x])
    return calls


def _setup(teachers: tuple[str, ...], x: Tensor, y: Tensor) -> Setup:
    num_classes = int(y.max()) + 1
    model = build("small_resnet", num_classes, x.shape[1], 4, 0).train()
    return Setup(
        model=model,
        labels=y,
        num_classes=num_classes,
        epochs=_EPOCHS,
        adversary=Adversary(
            model, LinfBall(8 / 255), 2 / 255, 10, torch.Generator().manual_seed(0)
        ),
        teachers={
            name: copy.deepcopy(model).eval().requires_grad_(False) for name in teachers
        },
        validation=ImageSet((x * 255).round().to(torch.uint8), y, 255),
    )


def _record_calls(networks: dict[str, nn.Module]) -> list[str]:
    """A list that grows by a network's name with each of its forward passes."""
    calls: list[str] = []
    for name, network in networks.items():
        network.register_forward_hook(lambda *_, name=name: calls.append(name))
    return calls
