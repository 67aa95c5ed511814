"""`python -m benchmarks.gpu checks|timing`: what a GPU is asked first, a row at a time, each written as it is known.

Rows go to OUT/STAGE.jsonl. A row that is there is not done again, one for which a package is missing is skipped and
says so, and one that was cut off twice is given up, so that calls end. Needs torch, numpy and this package.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from benchmarks.engine import EngineLoop
from benchmarks.measure import ENGINES, REFERENCE, compare, loop_of, matmul_peak
from benchmarks.stopping import StopAt
from sglr.engine.device import accelerator, device_name, prepare
from sglr.engine.memory import advising_batch_size
from sglr.files.errors import Interrupted, UsageError
from sglr.files.origin import origin
from sglr.plan.plan_files import load_plan
from sglr.training.job import Job
from sglr.training.signals import StopRequest

FAST = ENGINES["engine, bf16, graphs"]
_ATTEMPTS = 2


def checks(arguments: argparse.Namespace) -> dict[str, Callable[[], Any]]:
    """Row -> what finds out whether the GPU does as the pretended one."""
    return {
        "no wait within a step": partial(_waits, arguments),
        "a graphed attack is the plain one": partial(_graphed, arguments),
        "stopped and resumed": _resumed,
        "memory advice": partial(_advice, arguments),
    }


def timing(arguments: argparse.Namespace) -> dict[str, Callable[[], Any]]:
    """Row -> its seconds, the median of so many repetitions."""
    found: dict[str, Callable[[], Any]] = {"profile": partial(_profile, arguments)}
    for name in [*ENGINES, REFERENCE, "torchattacks"]:
        found[name] = partial(compare, name, arguments)
    for precision in ("fp32", "bf16"):
        peak = partial(matmul_peak, precision, arguments)
        found[f"TFLOP/s of matrix products, {precision}"] = peak
    return found


STAGES = {"checks": checks, "timing": timing}


def _fast_loop(arguments: argparse.Namespace) -> EngineLoop:
    loop, _, _ = loop_of(
        "engine, bf16, graphs", arguments, arguments.batch_size, arguments.steps
    )
    return loop


def _waits(arguments: argparse.Namespace) -> str:
    loop = _fast_loop(arguments)
    for _ in range(2):  # captures, and chooses kernels
        loop.step()
    torch.cuda.set_sync_debug_mode("error")
    try:
        loop.step()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    return "none"


def _graphed(arguments: argparse.Namespace) -> list[float]:
    """Mean distance of the attacked images, for two batches and a smaller one."""
    loop = _fast_loop(arguments)
    adversary = loop.objective.adversary
    found = []
    for size in (arguments.batch_size, arguments.batch_size, arguments.batch_size // 3):
        x, y, _ = loop.batch()
        state, images = loop.generator.get_state(), []
        for graphed in (arguments.batch_size, 0):
            loop.generator.set_state(state)
            adversary.steps.graphed = graphed
            images.append(loop.attack(x[:size], y[:size]))
        found.append((images[0] - images[1]).abs().mean().item())
    if not max(found) < 1e-3:
        raise ValueError(f"graphed and plain attacks differ by {found} on average")
    return found


def _resumed() -> int:
    """Epochs of a training stopped in its second and begun again."""
    plan = load_plan("smoke")
    run = plan.runs["digits-at-s0"]
    device, engine = prepare(replace(plan.scale.engine, graphs=True), 1)
    with tempfile.TemporaryDirectory() as folder:
        for stop in (StopAt(6), StopRequest()):
            job = Job(
                run, plan.scale, Path(folder), plan.settings_of(run), device, engine
            )
            with suppress(Interrupted):
                job.fit(stop)
    return len(job.state.history)


def _advice(arguments: argparse.Namespace) -> str:
    """What a training says that needs more than a fiftieth of the memory."""
    torch.cuda.set_per_process_memory_fraction(0.02)
    try:
        trial = partial(_few_steps, arguments)
        many = 32 * arguments.batch_size
        advising_batch_size(partial(trial, many), trial, many)
    except UsageError as error:
        return str(error)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    return "memory did not run out"


def _few_steps(arguments: argparse.Namespace, batch_size: int) -> None:
    loop_of("engine, bf16", arguments, batch_size, 1)[0].step()


def _profile(arguments: argparse.Namespace) -> str:
    """The kernels of one step that take longest, as a table."""
    loop = _fast_loop(arguments)
    for _ in range(3):
        loop.step()
    activities = [
        torch.profiler.ProfilerActivity.CPU,
        torch.profiler.ProfilerActivity.CUDA,
    ]
    with torch.profiler.profile(activities=activities) as profile:
        loop.step()
    return profile.key_averages().table(sort_by="self_cuda_time_total", row_limit=25)


def main() -> None:
    """Do the rows of a stage that are not there yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("--out", type=Path, default=Path("results/gpu"))
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--repetitions", type=int, default=50)
    arguments = parser.parse_args()
    arguments.device = os.environ.setdefault("SGLR_DEVICE", "cuda")
    device, _ = prepare(FAST, torch.get_num_threads())
    made = origin(device_name(device), accelerator())
    arguments.out.mkdir(parents=True, exist_ok=True)
    path = arguments.out / f"{arguments.stage}.jsonl"
    for name, function in STAGES[arguments.stage](arguments).items():
        do_row(path, name, function, made)


def do_row(path: Path, name: str, function: Callable[[], Any], made: Any) -> None:
    """Append what `function` finds to `path`, unless it is there or was begun too often."""
    before = _rows(path, name)
    if any("begun" not in row for row in before):
        return
    if len(before) == _ATTEMPTS:
        _append(path, {"row": name, "given up": f"cut off {_ATTEMPTS} times"})
        return
    _append(path, {"row": name, "begun": len(before) + 1})
    try:
        found: dict[str, Any] = {"found": function()}
    except ImportError as error:
        found = {"skipped": f"the package {error.name} is not installed"}
    except Exception as error:  # whatever it is, the next rows are worth having
        found = {"failed": f"{type(error).__name__}: {error}"}
    _append(path, {"row": name} | found | {"origin": made})


def _rows(path: Path, name: str) -> list[dict[str, Any]]:
    lines = path.read_text().splitlines() if path.exists() else []
    return [row for row in map(json.loads, lines) if row["row"] == name]


def _append(path: Path, row: dict[str, Any]) -> None:
    if "begun" not in row:
        print(json.dumps({key: row[key] for key in row if key != "origin"}), flush=True)
    with path.open("a") as file:
        file.write(json.dumps(row) + "\n")
        file.flush()
        os.fsync(file.fileno())


if __name__ == "__main__":
    main()
