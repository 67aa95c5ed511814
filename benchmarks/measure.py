"""What is measured of one variant, in a process of its own."""

import argparse
import resource
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch.nn.functional import conv2d
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.engine import EngineLoop
from sglr.data.images import ImageSet
from sglr.engine.device import prepare
from sglr.models import build
from sglr.plan.scales import PLAIN, Engine

ENGINES = {
    "engine, plain": PLAIN,
    "engine, fp32": Engine(
        precision="fp32", fold=True, channels_last=True, graphs=False
    ),
    "engine, bf16": Engine(
        precision="bf16", fold=True, channels_last=True, graphs=False
    ),
    "engine, bf16, graphs": Engine(
        precision="bf16", fold=True, channels_last=True, graphs=True
    ),
}
REFERENCE = "plain loop"
BATCH_SIZES, STEPS = (32, 64, 128, 256), (1, 2, 5, 10)


def compare(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Seconds of one attack and of one training step (None where the variant has none), and peak memory in MiB."""
    loop, x, y = loop_of(name, arguments, arguments.batch_size, arguments.steps)
    found: dict[str, Any] = {
        "variant": name,
        "attack_seconds": _seconds(
            lambda: loop.attack(x, y), arguments.device, arguments.repetitions
        ),
    }
    found["step_seconds"] = (
        _seconds(loop.step, arguments.device, arguments.repetitions)
        if hasattr(loop, "step")
        else None
    )
    found["peak_mib"] = _peak_memory(arguments.device)
    found["attack_tflop"] = 2 * arguments.steps * _forward_tflop(x, arguments.width)
    return found


def _forward_tflop(x: torch.Tensor, width: int) -> float:
    """Counted TFLOP of one forward pass. The gradient with respect to the input costs as much again: 2 a step."""
    network = build("resnet18", 10, 3, width, 0).to(x.device)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(x)
    return counter.get_total_flops() / 1e12


def loop_of(
    name: str, arguments: argparse.Namespace, batch_size: int, steps: int
) -> tuple[Any, torch.Tensor, torch.Tensor]:
    """Return the variant, and a batch on the device, which is prepared as for a training."""
    engine = ENGINES.get(name, PLAIN)
    prepare(engine, torch.get_num_threads(), gpu=arguments.device != "cpu")
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(
        256, (2 * batch_size, 3, 32, 32), dtype=torch.uint8, generator=generator
    )
    images = ImageSet(
        pixels, torch.randint(10, (len(pixels),), generator=generator), 255
    )
    model = build("resnet18", 10, 3, arguments.width, 0)
    device = arguments.device
    loop: Any
    if name == REFERENCE:
        from benchmarks.reference import PlainLoop

        loop = PlainLoop(model, images.images, images.labels, batch_size, steps, device)
    elif name == "torchattacks":
        from benchmarks.torchattacks_pgd import TorchAttacks

        loop = TorchAttacks(model, steps, device)
    else:
        loop = EngineLoop(model, images, batch_size, steps, device, engine)
    few = images.first(batch_size).to(device)
    return loop, few.pixels(), few.labels


def _seconds(function: Callable[[], Any], device: str, repeats: int = 1) -> float:
    """The median of `repeats` calls after one to warm up."""
    times = []
    for _ in range(1 + repeats):
        _wait(device)
        started = time.perf_counter()
        function()
        _wait(device)
        times.append(time.perf_counter() - started)
    return statistics.median(times[1:])


def _wait(device: str) -> None:
    if device != "cpu":
        torch.cuda.synchronize()


def _peak_memory(device: str) -> float:
    if device != "cpu":
        return torch.cuda.max_memory_allocated() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def growth(name: str, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Seconds of the variant's attack by batch size (one step) and by steps (batch 32)."""
    rows = []
    for batch_size, steps in [(size, 1) for size in BATCH_SIZES] + [
        (32, steps) for steps in STEPS[1:]
    ]:
        loop, x, y = loop_of(name, arguments, batch_size, steps)
        seconds = _seconds(
            lambda loop=loop, x=x, y=y: loop.attack(x, y), arguments.device
        )  # type: ignore[misc]
        rows.append(
            {
                "variant": name,
                "batch_size": batch_size,
                "steps": steps,
                "attack_seconds": seconds,
            }
        )
    return rows


def matmul_peak(precision: str, arguments: argparse.Namespace) -> float:
    """TFLOP/s of large matrix products, the best of sizes and of libraries: a 1x1 convolution is one too."""
    dtype, device = (
        (torch.bfloat16 if precision == "bf16" else torch.float32),
        arguments.device,
    )
    found = []
    smallest = (16 if device == "cpu" else 64) * arguments.width
    for size in (smallest, 2 * smallest):
        left = torch.randn(size, size, dtype=dtype, device=device)
        image = left.view(1, size // 32, 32, size).permute(0, 3, 1, 2)  # channels last
        kernel = left[:, :, None, None].contiguous(memory_format=torch.channels_last)
        for product in (
            lambda left=left: left @ left,
            lambda i=image, k=kernel: conv2d(i, k),
        ):
            found.append(2 * size**3 / _seconds(product, device, repeats=7) / 1e12)
    return max(found)
