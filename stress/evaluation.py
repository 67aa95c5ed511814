"""An evaluation killed at random instants: at its end it must be that of one that nothing disturbed."""

import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from sglr.files.records import digest, read_json
from stress.training import Job


def strike(job: Job, kills: int, chance: random.Random) -> dict[str, Any]:
    """Evaluate a finished training, killing it so often; return the counts. Raises RuntimeError where bits differ."""
    started = time.perf_counter()
    _finish(job)
    seconds, reference = time.perf_counter() - started, _taken(job.folder)
    kept, done, struck = [], 0, 0
    while struck < kills:
        process = _start(job)
        try:
            process.wait(chance.uniform(0, seconds))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            struck += 1
            kept.append(len(list(job.folder.glob("evaluate.underway/*.pt"))))
            continue
        done += _compared(job, reference)
    _finish(job)
    done += _compared(job, reference)
    print(
        f"{job.run}: evaluation killed {kills} times, {done} times at its end, bit-identical"
    )
    return {
        "run": job.run,
        "SIGKILL": kills,
        "parts kept at each": kept,
        "bit-identical": done,
    }


def _start(job: Job) -> subprocess.Popen[str]:
    words = ["evaluate", job.run, "--scale", job.scale, "--keep-images"]
    command = [sys.executable, "-m", "sglr", *words, "--results", str(job.results)]
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def _finish(job: Job) -> None:
    process = _start(job)
    _, errors = process.communicate()
    if process.returncode:
        raise RuntimeError(f"{job.run}: evaluate: {errors[-500:]}")


def _compared(job: Job, reference: dict[str, Any]) -> int:
    if _taken(job.folder) != reference:
        raise RuntimeError(f"{job.folder}: not what the undisturbed evaluation gave")
    return 1


def _taken(folder: Path) -> dict[str, Any]:
    """What must be the same, and taken away so that the next evaluation begins anew."""
    record = read_json(folder / "evaluation.json")
    found = {"checkpoints": record["checkpoints"]}
    for path in sorted(folder.glob("adversarial-*.safetensors")):
        found[path.name] = digest(path.read_bytes())
        path.unlink()
    (folder / "evaluation.json").unlink()
    if (folder / "evaluate.underway").exists():
        raise RuntimeError(f"{folder}: parts are left of a finished evaluation")
    return found
