"""`make benchmark`: the engine beside the plain loop and torchattacks, ratios from one run, as a table and JSON."""

import argparse
import json
import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from benchmarks.count import count_step, epoch_estimate, rows
from benchmarks.measure import ENGINES, REFERENCE, compare, growth, matmul_peak
from sglr.engine.device import accelerator, has_bf16
from sglr.files.origin import origin


def main() -> None:
    """Measure every variant in a process of its own, `--rounds` times in turn; print and write what was found."""
    arguments = _arguments()
    os.environ["SGLR_DEVICE"] = arguments.device
    names = _variants(torch.device(arguments.device))
    jobs = [*names, REFERENCE, "torchattacks"] * arguments.rounds
    measured = [_in_own_process(compare, name, arguments) for name in jobs]
    curves = _in_own_process(growth, names[-1], arguments)
    peak = {
        name: _in_own_process(matmul_peak, name, arguments) for name in ("fp32", "bf16")
    }
    counted = _in_own_process(
        count_step, arguments.batch_size, arguments.steps, arguments.width
    )
    table = summary(pd.DataFrame(measured), peak)
    print(
        f"ResNet-18, batch {arguments.batch_size}, PGD-{arguments.steps}, {arguments.device}, "
        f"{torch.get_num_threads()} threads\n\n{_shown(table)}\n\n{_shown(pd.DataFrame(curves))}\n\n"
        "Counted, not measured, of one step in bf16; times by roofline, an estimate:\n\n"
        f"{_shown(pd.DataFrame(rows(counted)))}"
    )
    record = {
        "settings": {key: str(value) for key, value in vars(arguments).items()},
        "threads": torch.get_num_threads(),
        "origin": origin(arguments.device, accelerator()),
        "matmul_peak_tflops": peak,
        "growth": curves,
        "counted": rows(counted),
        "epoch_seconds_estimate": epoch_estimate(counted),
        "variants": table.to_dict("records"),
        "rounds": measured,
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(record, indent=1) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    parser.add_argument("--device", default=device)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=2)
    width = "64 is ResNet-18; less only to try the benchmark out"
    parser.add_argument("--width", type=int, default=64, help=width)
    parser.add_argument("--out", type=Path, default=Path("results/benchmark.json"))
    parser.add_argument("--repetitions", type=int, help="1 on a CPU, 50 on a GPU")
    arguments = parser.parse_args()
    alone = 1 if arguments.device == "cpu" else 50
    arguments.repetitions = arguments.repetitions or alone
    return arguments


def _variants(device: torch.device) -> list[str]:
    """The engines that this device can be."""
    lacking = ["bf16"] * (not has_bf16(device)) + ["graphs"] * (device.type != "cuda")
    return [name for name in ENGINES if not any(word in name for word in lacking)]


def _shown(table: pd.DataFrame) -> str:
    return table.to_markdown(index=False, floatfmt=".3g")


def _in_own_process(function: Callable, *words: Any) -> Any:
    """A fresh process, so that peak memory is its own; one that dies is an error, not a wait without end.

    All are forked from one server that has imported torch and used nothing of it.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["benchmarks.measure"])
    with ProcessPoolExecutor(1, context) as pool:
        return pool.submit(function, *words).result()


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
    table["of peak"] = (
        median["attack_tflop"] / median["attack_seconds"]
    ).to_numpy() / tops
    table["peak MiB"] = median["peak_mib"].to_numpy()
    return table


if __name__ == "__main__":
    main()
