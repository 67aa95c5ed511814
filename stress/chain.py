"""One run, struck again and again, each time looked at and gone on with, at last trained to its end and compared."""

import random
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from typing import Any

from sglr.checkpoints import load_payload
from sglr.errors import UsageError
from stress import faults
from stress.checks import check_whole, results_of, saved_epochs
from stress.disk import FileSizeLimit, TmpfsDisk
from stress.training import Job, Timing

_STATUS = {"kill": -9, "kill in a write": -9, "SIGTERM": 75, "full disk": 2}
_TRIES = 10  # at a write, before giving up: the process may be faster
_WRITES = 12  # the write to hit is one of so many


@dataclass
class Chain:
    """A job, what it gives undisturbed, and what was found so far."""

    job: Job
    timing: Timing
    reference: dict[str, Any]
    chance: random.Random
    disk: TmpfsDisk | FileSizeLimit | None = None
    lives: list[dict[str, Any]] = field(default_factory=list)  # those that a fault ended
    completed: int = 0
    checked: int = 0  # files with a final name, found whole

    def strike(self, fault: str) -> None:
        """Strike until the fault has hit; a kill in a write is repeated until its temporary file proves it."""
        for _ in range(_TRIES):
            life = self._one_life(fault)
            if life and (fault != "kill in a write" or life["left"]):
                return
        raise RuntimeError(f"{self.job.run}: no {fault} in {_TRIES} tries")

    def finish(self) -> None:
        """Train to the end. Raises RuntimeError where it fails or differs from the undisturbed run."""
        self.job.finish()
        self._compare()

    def _one_life(self, fault: str) -> dict[str, Any] | None:
        """Start, strike, look. None where the training ended before: then it is compared and begun again."""
        process, started = self.job.start(), time.perf_counter()
        self._strike(process, fault)
        _, errors = process.communicate()
        seconds = time.perf_counter() - started
        if self.disk:
            self.disk.free()
        if process.returncode == 0:
            self._compare()
            shutil.rmtree(self.job.folder)
            return None
        life = {"run": self.job.run, "fault": fault, "seconds": round(seconds, 2)} | self._look(process, fault, errors)
        self.lives.append(life)
        return life

    def _strike(self, process: subprocess.Popen[str], fault: str) -> None:
        instant = faults.random_instant(self.chance, self.timing)
        if fault == "kill in a write":
            write = self.chance.randint(1, _WRITES)
            faults.kill_in_write(process, self.job.folder, write, quiet=0.5 * self.timing.first_epoch)
        elif fault == "kill":
            faults.kill(process, instant)
        elif fault == "SIGTERM":
            faults.stop(process, instant)
        else:
            assert self.disk is not None
            faults.fill(process, instant, self.disk, self.chance.randrange(self.reference["state_bytes"]))

    def _look(self, process: subprocess.Popen[str], fault: str, errors: str) -> dict[str, Any]:
        """What the fault left behind. Raises RuntimeError for what must not be."""
        if process.returncode != _STATUS[fault]:
            raise RuntimeError(f"{self.job.run}: {fault}: exit status {process.returncode}: {errors[-500:]}")
        if process.returncode > 0 and errors.count("\n") != 1:
            raise RuntimeError(f"{self.job.run}: {fault}: not one line: {errors[-500:]}")
        self.checked += check_whole(self.job.folder)
        left = list(self.job.folder.rglob(f"*.{process.pid}.tmp"))
        if left and fault in ("SIGTERM", "full disk"):
            raise RuntimeError(f"{self.job.run}: {fault} left {left[0]}")
        return {"epochs saved": saved_epochs(self.job.folder), "left": ""} | (_leftover(left[0]) if left else {})

    def _compare(self) -> None:
        found = results_of(self.job.folder)
        if found != {key: value for key, value in self.reference.items() if key in found}:
            raise RuntimeError(f"{self.job.folder}: not what the undisturbed training gave")
        left = list(self.job.folder.rglob(".*.tmp"))
        if left:
            raise RuntimeError(f"{left[0]}: still there at the end")
        self.completed += 1
        self.checked += check_whole(self.job.folder)


def _leftover(path: Any) -> dict[str, Any]:
    """A temporary file: the name that it was meant for, its size, and whether it is all there."""
    found = {"left": path.name.split(".", 1)[1].rsplit(".", 2)[0], "left bytes": path.stat().st_size}
    try:
        load_payload(path)
    except UsageError as error:
        return found | {"left whole": "damaged" not in str(error)}
    return found | {"left whole": True}
