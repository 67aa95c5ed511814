"""`make benchmark`: the engine beside the plain loop and torchattacks, ratios from one run, as a table and JSON."""

import argparse
import json
import multiprocessing
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.engine import EngineLoop
from benchmarks.reference import PlainLoop, TorchAttacks
from sglr.data.images import ImageSet
from sglr.engine import has_bf16
from sglr.models import build
from sglr.records import origin
from sglr.scales import PLAIN, Engine

ENGINES = {
    "engine, plain": PLAIN,
    "engine, fp32": Engine(precision="fp32", fold=True, channels_last=True),
    "engine, bf16": Engine(precision="bf16", fold=True, channels_last=True),
}
REFERENCE = "plain loop"
BATCH_SIZES, STEPS = (32, 64, 128, 256), (1, 2, 5, 10)


def main() -> None:
    """Measure every variant in a process of its own, `--rounds` times in turn; print and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--width", type=int, default=64, help="64 is ResNet-18; less only to try the benchmark out")
    parser.add_argument("--out", type=Path, default=Path("results/benchmark.json"))
    arguments = parser.parse_args()
    names = [name for name in ENGINES if "bf16" not in name or has_bf16(torch.device(arguments.device))]
    jobs = [*names, REFERENCE, "torchattacks"] * arguments.rounds
    measured = [_in_own_process(compare, name, arguments) for name in jobs]
    curves = _in_own_process(growth, names[-1], arguments)
    peak = {name: _in_own_process(matmul_peak, name, arguments) for name in ("fp32", "bf16")}
    table = summary(pd.DataFrame(measured), peak)
    print(
        f"ResNet-18, batch {arguments.batch_size}, PGD-{arguments.steps}, {arguments.device}, "
        f"{torch.get_num_threads()} threads\n\n{table.to_markdown(index=False, floatfmt='.3g')}\n\n"
        f"{pd.DataFrame(curves).to_markdown(index=False, floatfmt='.3g')}"
    )
    record = {
        "settings": {key: str(value) for key, value in vars(arguments).items()},
        "threads": torch.get_num_threads(),
    }
    record |= {"origin": origin(arguments.device), "matmul_peak_tflops": peak, "growth": curves}
    record |= {"variants": table.to_dict("records"), "rounds": measured}
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(record, indent=1) + "\n")


def _in_own_process(function: Callable, *words: Any) -> Any:
    """A fresh process, so that peak memory is its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, words)


def compare(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Seconds of one attack and of one training step (None where the variant has none), and peak memory in MiB."""
    loop, x, y = _loop(name, arguments, arguments.batch_size, arguments.steps)
    found: dict[str, Any] = {"variant": name, "attack_seconds": _seconds(lambda: loop.attack(x, y), arguments.device)}
    found["step_seconds"] = _seconds(loop.step, arguments.device) if hasattr(loop, "step") else None
    found["peak_mib"] = _peak_memory(arguments.device)
    if name != "torchattacks":
        with FlopCounterMode(display=False) as counter:
            loop.attack(x, y)
        found["attack_tflop"] = counter.get_total_flops() / 1e12
    return found


def _loop(
    name: str, arguments: argparse.Namespace, batch_size: int, steps: int
) -> tuple[Any, torch.Tensor, torch.Tensor]:
    """The variant, and a batch on the device."""
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (2 * batch_size, 3, 32, 32), dtype=torch.uint8, generator=generator)
    images = ImageSet(pixels, torch.randint(10, (len(pixels),), generator=generator), 255)
    model = build("resnet18", 10, 3, arguments.width, 0)
    device = arguments.device
    loop: Any
    if name == REFERENCE:
        loop = PlainLoop(model, images.images, images.labels, batch_size, steps, device)
    elif name == "torchattacks":
        loop = TorchAttacks(model, steps, device)
    else:
        loop = EngineLoop(model, images, batch_size, steps, device, ENGINES[name])
    few = images.first(batch_size).to(device)
    return loop, few.pixels(), few.labels


def _seconds(function: Callable[[], Any], device: str, repeats: int = 2) -> float:
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
    for batch_size, steps in [(size, 1) for size in BATCH_SIZES] + [(32, steps) for steps in STEPS[1:]]:
        loop, x, y = _loop(name, arguments, batch_size, steps)
        seconds = _seconds(lambda loop=loop, x=x, y=y: loop.attack(x, y), arguments.device)  # type: ignore[misc]
        rows.append({"variant": name, "batch_size": batch_size, "steps": steps, "attack_seconds": seconds})
    return rows


def matmul_peak(precision: str, arguments: argparse.Namespace) -> float:
    """TFLOP/s of a large matrix product."""
    dtype, size = (
        (torch.bfloat16 if precision == "bf16" else torch.float32),
        2048 if arguments.device == "cpu" else 8192,
    )
    left = torch.randn(size, size, dtype=dtype, device=arguments.device)
    return 2 * size**3 / _seconds(lambda: left @ left, arguments.device, repeats=5) / 1e12


def summary(measured: pd.DataFrame, peak: dict[str, float]) -> pd.DataFrame:
    """Images a second, ratios to the plain loop, and the fraction of the matrix-product peak, by variant."""
    median = measured.groupby("variant", sort=False).median(numeric_only=True)
    plain = median.loc[REFERENCE]
    table = pd.DataFrame({"variant": median.index})
    for kind in ("attack", "step"):
        seconds = median[f"{kind}_seconds"].to_numpy()
        table[f"{kind} s"] = seconds
        table[f"{kind} x plain loop"] = plain[f"{kind}_seconds"] / seconds
    tops = [peak["bf16" if "bf16" in name else "fp32"] for name in median.index]
    table["of peak"] = (median["attack_tflop"] / median["attack_seconds"]).to_numpy() / tops
    table["peak MiB"] = median["peak_mib"].to_numpy()
    return table


if __name__ == "__main__":
    main()
