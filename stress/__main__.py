"""`make stress`: trainings killed, stopped and out of disk at random instants; all must end as if nothing had been."""

import argparse
import json
import random
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd

from sglr.engine.device import accelerator
from sglr.files.origin import origin
from stress import evaluation
from stress.chain import Chain
from stress.checks import results_of
from stress.disk import small_disk
from stress.training import Job, Pace, undisturbed

_RUNS = (
    "digits-sglr-s0",
    "digits-awp-s0",
    "digits-at_wa-s0",
    "digits-trades_sglr-s0",
    "digits-te-s0",
)


def main() -> None:
    """Strike the runs in turn; print and write the counts. Raises RuntimeError at the first thing that must not be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", default="digits")
    parser.add_argument("--runs", nargs="+", default=_RUNS)
    parser.add_argument("--kills", type=int, default=50, help="SIGKILLs, at least")
    parser.add_argument(
        "--writes", type=int, default=14, help="of these inside a checkpoint write"
    )
    parser.add_argument("--stops", type=int, default=10, help="SIGTERMs")
    parser.add_argument("--fills", type=int, default=10, help="full disks")
    parser.add_argument(
        "--evaluations", type=int, default=10, help="SIGKILLs of one evaluation"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("results/stress.json"))
    arguments = parser.parse_args()
    started = time.perf_counter()
    work = Path(tempfile.mkdtemp(prefix="sglr-stress-"))
    print(
        f"seed {arguments.seed}; folders under {work}, kept if something is found",
        flush=True,
    )
    chains, disk = _strike_all(arguments, work)
    killed = _strike_evaluation(arguments, work) if arguments.evaluations else {}
    shutil.rmtree(work)
    table = summary(chains)
    print(table.to_markdown(index=False))
    record: dict[str, Any] = {
        "settings": {key: str(value) for key, value in vars(arguments).items()},
        "disk": disk,
        "evaluation": killed,
    }
    record |= {
        "seconds": round(time.perf_counter() - started),
        "origin": origin("cpu", accelerator()),
    }
    record |= {
        "counts": table.to_dict("records"),
        "lives": [life for chain in chains for life in chain.lives],
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(record, indent=1) + "\n")


def _strike_all(arguments: argparse.Namespace, work: Path) -> tuple[list[Chain], str]:
    """A chain of kills and stops a run, then one of full disks each on the small disk."""
    chance = random.Random(arguments.seed)
    references = {
        run: _reference(Job(run, arguments.scale, work / "undisturbed"))
        for run in arguments.runs
    }
    faults = ["kill in a write"] * arguments.writes + ["kill"] * (
        arguments.kills - arguments.writes
    )
    faults += ["SIGTERM"] * arguments.stops
    chance.shuffle(faults)
    chains = [
        Chain(Job(run, arguments.scale, work / "disturbed"), *references[run], chance)
        for run in arguments.runs
    ]
    _deal(faults, chains)
    small = work / "small"
    small.mkdir()
    with small_disk(small) as disk:
        full = [
            Chain(Job(run, arguments.scale, small), *references[run], chance, disk)
            for run in arguments.runs
        ]
        _deal(["full disk"] * arguments.fills, full)
        return [*chains, *full], disk.name


def _strike_evaluation(arguments: argparse.Namespace, work: Path) -> dict[str, Any]:
    """Kill the evaluation of the first run's undisturbed training."""
    finished = Job(arguments.runs[0], arguments.scale, work / "undisturbed")
    chance = random.Random(arguments.seed)
    return evaluation.strike(finished, arguments.evaluations, chance)


def _reference(job: Job) -> tuple[dict[str, Any], Pace]:
    pace = undisturbed(job)
    return results_of(job.folder), pace


def _deal(faults: list[str], chains: list[Chain]) -> None:
    """Give the faults out in turn, then train every run to its end."""
    for number, fault in enumerate(faults):
        chains[number % len(chains)].strike(fault)
    for chain in chains:
        chain.finish()
        print(
            f"{chain.job.run}: {len(chain.lives)} times struck, bit-identical at the end",
            flush=True,
        )


def summary(chains: list[Chain]) -> pd.DataFrame:
    """Counts by run, and their sum."""
    rows: dict[str, Any] = {}
    for chain in chains:
        lives = chain.lives
        found = {
            "SIGKILL": sum(life["fault"].startswith("kill") for life in lives),
            "in a checkpoint write": sum(
                life["left"].endswith((".safetensors", ".pt")) for life in lives
            ),
            "SIGTERM": sum(life["fault"] == "SIGTERM" for life in lives),
            "full disk": sum(life["fault"] == "full disk" for life in lives),
            "trained to the end, bit-identical": chain.completed,
            "files read, all whole": chain.checked,
        }
        rows[chain.job.run] = rows.get(chain.job.run, 0) + pd.Series(found)
    table = pd.DataFrame(rows).T
    table.loc["all"] = table.sum()
    return table.rename_axis("run").reset_index()


if __name__ == "__main__":
    main()
