"""The user's command as a process, and what it does undisturbed."""

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Job:
    """One training in a results folder of its own."""

    run: str
    scale: str
    results: Path

    @property
    def folder(self) -> Path:
        """Where the run's files lie."""
        return self.results / self.scale / "runs" / self.run

    def start(self) -> subprocess.Popen[str]:
        """Start `sglr train`, or go on with it."""
        words = [sys.executable, "-m", "sglr", "train", self.run, "--scale", self.scale]
        words += ["--results", str(self.results)]
        return subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def finish(self) -> None:
        """Run the command to its end. Raises RuntimeError where it fails."""
        process = self.start()
        _, errors = process.communicate()
        if process.returncode:
            raise RuntimeError(
                f"{self.run}: exit status {process.returncode}: {errors[-500:]}"
            )


@dataclass(frozen=True)
class Pace:
    """Epochs of a training, seconds to the end of the first, and seconds of each other one."""

    epochs: int
    first: float
    other: float


def undisturbed(job: Job) -> Pace:
    """Train to the end. Raises RuntimeError where it fails."""
    process, started = job.start(), time.perf_counter()
    assert process.stdout is not None
    ends = [time.perf_counter() - started for _ in process.stdout]  # one line an epoch
    if process.wait():
        raise RuntimeError(
            f"{job.run}: exit status {process.returncode}, with nothing in its way"
        )
    return Pace(len(ends), ends[0], (ends[-1] - ends[0]) / (len(ends) - 1))
