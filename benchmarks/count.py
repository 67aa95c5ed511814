"""What one training step asks of a GPU, counted without one: kernels, bytes and FLOP by part, and an estimated time.

The program's own step runs on tensors that have shapes and no numbers; each operation that is no mere view is one
kernel, and a convolution's bias one more. The estimate is a roofline: a kernel takes the longest of its arithmetic, its
memory and its launch. It says what such kernels could do and is no measurement; waiting, saving and the host's own time
are not in it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten
from torch.utils.flop_counter import flop_registry

from benchmarks.engine import EngineLoop
from sglr.data.images import ImageSet
from sglr.models import build
from sglr.models.folding import refold
from sglr.plan.scales import Engine

LAUNCH = 2e-6  # seconds that no kernel goes below
STEPS_AN_EPOCH = 383  # 49,000 images, 128 at a time
FASTEST = Engine(precision="bf16", fold=True, channels_last=True, graphs=False)


@dataclass(frozen=True)
class Card:
    """A GPU by what its maker says, and the part of it that convolutions were found to reach elsewhere."""

    name: str
    tflops: float  # dense bf16
    reached: float
    tb_per_second: float


# Vendor's data sheets; 40 and 82 % of the peak span what published ResNet benchmarks reach.
CARDS = (Card("H100", 790, 0.40, 2.8), Card("H200", 790, 0.40, 4.0))


@dataclass
class Count:
    """Kernels, bytes read and written, FLOP; and seconds on each of CARDS, by the roofline."""

    kernels: int = 0
    gigabytes: float = 0.0
    tflop: float = 0.0
    seconds: list[float] = field(default_factory=lambda: [0.0] * len(CARDS))

    def add(self, gigabytes: float, tflop: float) -> None:
        """One more kernel."""
        self.kernels += 1
        self.gigabytes += gigabytes
        self.tflop += tflop
        for number, card in enumerate(CARDS):
            arithmetic = tflop / (card.tflops * card.reached)
            memory = gigabytes / (1000 * card.tb_per_second)
            self.seconds[number] += max(arithmetic, memory, LAUNCH)


class Counting(TorchDispatchMode):
    """Counts what runs within."""

    def __init__(self) -> None:
        super().__init__()
        self.count = Count()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        found = func(*args, **(kwargs or {}))
        if not _computes(func):
            return found
        written = _gigabytes(found)
        read = _gigabytes((args, kwargs))
        self.count.add(read + written, _tflop(func, args, kwargs or {}, found))
        if func is torch.ops.aten.convolution.default and args[2] is not None:
            self.count.add(2 * written, 0.0)  # its bias
        return found


def _computes(func: Any) -> bool:
    """Whether a kernel is launched: not for a view, nor for memory that is taken and not filled."""
    if func.namespace != "aten" or func.is_view or "empty" in func.name():
        return False
    aliases = [result.alias_info for result in func._schema.returns]
    return all(alias is None or alias.is_write for alias in aliases)


def _gigabytes(values: Any) -> float:
    tensors = [each for each in tree_flatten(values)[0] if torch.is_tensor(each)]
    return sum(each.numel() * each.element_size() for each in tensors) / 1e9


def _tflop(func: Any, args: Any, kwargs: Any, found: Any) -> float:
    packet = func._overloadpacket
    if packet not in flop_registry:
        return 0.0
    return flop_registry[packet](*args, **kwargs, out_val=found) / 1e12


def count_step(
    batch_size: int = 128, steps: int = 10, width: int = 64
) -> dict[str, Count]:
    """Return part -> count of one PGD-AT step of ResNet-18 on CIFAR-10."""
    pixels = torch.zeros(2 * batch_size, 3, 32, 32, dtype=torch.uint8)
    images = ImageSet(pixels, torch.zeros(len(pixels), dtype=torch.long), 255)
    model = build("resnet18", 10, 3, width, 0)
    loop = EngineLoop(model, images, batch_size, steps, "cpu", FASTEST)
    with FakeTensorMode(allow_non_fake_inputs=True):
        x, y, _ = loop.batch()
        adversary = loop.objective.adversary
        return {
            "data": _counted(loop.batch),
            "refolding": _counted(lambda: refold(adversary.copy, loop.model)),
            "attack": _counted(lambda: loop.attack(x, y)),
            "whole step": _counted(loop.step),
        }


def _counted(function: Callable[[], Any]) -> Count:
    with Counting() as counting:
        function()
    return counting.count


def rows(found: dict[str, Count]) -> list[dict[str, Any]]:
    """The counts as a table's rows; times are estimates."""
    return [
        {"part": part, "kernels": count.kernels, "GB": count.gigabytes}
        | {"TFLOP": count.tflop}
        | {
            f"{card.name} ms, estimate": 1000 * seconds
            for card, seconds in zip(CARDS, count.seconds, strict=True)
        }
        for part, count in found.items()
    ]


def epoch_estimate(found: dict[str, Count]) -> dict[str, float]:
    """Return card -> seconds of one epoch's training steps, estimated."""
    return {
        card.name: STEPS_AN_EPOCH * seconds
        for card, seconds in zip(CARDS, found["whole step"].seconds, strict=True)
    }
