"""How long Snakemake plans, and in how much memory, by the number of runs: `python -m benchmarks.plan_size SEEDS ...`.

A dry run of the two CIFAR scales, in a copy of this checkout whose scales ask for more seeds; nothing is trained.
"""

import json
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SCALES = ("quick", "paper")


def main() -> None:
    """Print one JSON object a number of seeds, smallest first: peak memory is that of the largest so far."""
    for seeds in [int(word) for word in sys.argv[1:]] or (1, 3, 10):
        with tempfile.TemporaryDirectory() as folder:
            copy_checkout(Path(folder))
            _ask_for(seeds, Path(folder))
            print(json.dumps({"seeds": seeds, **_dry_run(Path(folder))}), flush=True)


def copy_checkout(folder: Path) -> None:
    """Copy what Snakemake needs of this checkout into `folder`."""
    for name in ("workflow", "config", "sglr"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Snakefile", "environment.yml", "profiles"):
        shutil.copy(ROOT / name, folder, follow_symlinks=False)


def _ask_for(seeds: int, folder: Path) -> None:
    for scale in SCALES:
        path = folder / f"config/scales/{scale}.yaml"
        line = f"seeds: {{default: {seeds}, figure4: {seeds}}}"
        path.write_text(re.sub("^seeds:.*", line, path.read_text(), flags=re.M))


def _dry_run(folder: Path) -> dict[str, float]:
    """Trainings and jobs planned, seconds until they are (and of processor), and peak MB of the processes so far."""
    words = [sys.executable, "-m", "snakemake", "--cores", "8", "--dry-run", "--quiet", "rules", "--", *SCALES]
    before, started = _used(), time.perf_counter()
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - started
    counts = {
        name: int(re.findall(rf"^{name} +(\d+)$", done.stdout + done.stderr, flags=re.M)[-1])
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
