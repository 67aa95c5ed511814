"""How long Snakemake plans, and in how much memory, by the number of runs: `python -m benchmarks.plan_size SEEDS ...`.

A dry run of the two CIFAR scales in an empty folder, where nothing has been run; nothing is trained.
"""

import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SNAKEFILE = Path(__file__).resolve().parents[1] / "Snakefile"
SCALES = ("quick", "paper")


def main() -> None:
    """Print one JSON object a number of seeds, smallest first: peak memory is that of the largest so far."""
    for seeds in [int(word) for word in sys.argv[1:]] or (1, 3, 10):
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps({"seeds": seeds, **_dry_run(seeds, folder)}), flush=True)


def _dry_run(seeds: int, folder: str) -> dict[str, float]:
    """Trainings and jobs planned, seconds until they are (and of processor), and peak MB of the processes so far."""
    words = [
        sys.executable,
        "-m",
        "snakemake",
        "-s",
        str(SNAKEFILE),
        "--cores",
        "8",
        "--dry-run",
        "--quiet",
        "rules",
    ]
    words += ["--config", f"seeds={seeds}", "--", *SCALES]
    before, started = _used(), time.perf_counter()
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - started
    counts = {
        name: int(
            re.findall(rf"^{name} +(\d+)$", done.stdout + done.stderr, flags=re.M)[-1]
        )
        for name in ("train", "total")
    }
    used = _used()
    return {
        "trainings": counts["train"],
        "jobs": counts["total"],
        "seconds": round(seconds, 1),
        "processor_seconds": round(used.ru_utime - before.ru_utime, 1),
        "peak_mb": round(used.ru_maxrss / 1000),
    }


def _used() -> resource.struct_rusage:
    return resource.getrusage(resource.RUSAGE_CHILDREN)


if __name__ == "__main__":
    main()
