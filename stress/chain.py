"""One run, struck again and again, each time looked at and gone on with, at last trained to its end and compared."""

import random
import shutil
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sglr.engine.weights import read_packed
from sglr.files.errors import UsageError
from sglr.files.records import digest
from stress import faults
from stress.checks import check_whole, results_of, saved_epochs
from stress.disk import FileSizeLimit, TmpfsDisk
from stress.training import Job, Pace

_STATUS = {"kill": -9, "kill in a write": -9, "SIGTERM": 75, "full disk": 2}
_TRIES = 50  # at a write, before giving up: the process may be faster
_REACH = 6  # a fault strikes within the first sixth of what the training lasts


@dataclass
class Chain:
    """A job, what it gives undisturbed, and what was found so far."""

    job: Job
    reference: dict[str, Any]
    pace: Pace
    chance: random.Random
    disk: TmpfsDisk | FileSizeLimit | None = None
    # Those that a fault ended.
    lives: list[dict[str, Any]] = field(default_factory=list)
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
        life = {
            "run": self.job.run,
            "fault": fault,
            "seconds": round(seconds, 2),
        } | self._look(process, fault, errors)
        print(*(f"{key} {value}," for key, value in life.items()), flush=True)
        self.lives.append(life)
        return life

    def _strike(self, process: subprocess.Popen[str], fault: str) -> None:
        instant = self._instant(earliest=0 if fault == "kill" else 1)
        if fault == "kill in a write":
            faults.kill_in_write(
                process, instant, self.job.folder, self.chance.randint(1, 3)
            )
        elif fault == "kill":
            faults.kill(process, instant)
        elif fault == "SIGTERM":
            faults.stop(process, instant)
        else:
            assert self.disk is not None
            faults.fill(
                process,
                instant,
                self.disk,
                self.job.folder / "state.pt",
                self.chance.random(),
            )

    def _instant(self, earliest: int) -> faults.Instant:
        """Within the first epochs of a life, from the `earliest` on; 0 is the start of the process."""
        epochs = self.chance.randint(earliest, max(1, self.pace.epochs // _REACH))
        return faults.Instant(
            epochs,
            self.chance.uniform(0, self.pace.other if epochs else self.pace.first),
        )

    def _look(
        self, process: subprocess.Popen[str], fault: str, errors: str
    ) -> dict[str, Any]:
        """What the fault left behind. Raises RuntimeError for what must not be."""
        if process.returncode != _STATUS[fault]:
            raise RuntimeError(
                f"{self.job.run}: {fault}: exit status {process.returncode}: {errors[-500:]}"
            )
        if process.returncode > 0 and errors.count("\n") != 1:
            raise RuntimeError(
                f"{self.job.run}: {fault}: not one line: {errors[-500:]}"
            )
        self.checked += check_whole(self.job.folder)
        left = list(self.job.folder.rglob(f"*.{process.pid}.tmp"))
        if left and fault in ("SIGTERM", "full disk"):
            raise RuntimeError(f"{self.job.run}: {fault} left {left[0]}")
        return {"epochs saved": saved_epochs(self.job.folder), "left": ""} | (
            _leftover(left[0]) if left else {}
        )

    def _compare(self) -> None:
        found = results_of(self.job.folder)
        if found != self.reference:
            raise RuntimeError(
                f"{self.job.folder}: not what the undisturbed training gave"
            )
        left = list(self.job.folder.rglob(".*.tmp"))
        if left:
            raise RuntimeError(f"{left[0]}: still there at the end")
        self.completed += 1
        self.checked += check_whole(self.job.folder)


def _leftover(path: Path) -> dict[str, Any]:
    """A temporary file: the name that it was meant for, its size, and whether a checkpoint is all there."""
    content = path.read_bytes()
    whole = content[:64] == digest(content[64:]).encode()  # a state
    with suppress(UsageError):  # a network
        whole |= bool(read_packed(path))
    return {
        "left": path.name[1:].partition(f".{socket.gethostname()}.")[0],
        "left bytes": len(content),
        "left whole": whole,
    }
