"""One fault each: wait for its instant and strike, unless the training ended before."""

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from stress.disk import FileSizeLimit, TmpfsDisk

# What a training saves: networks, and its state.
SAVED = (".safetensors.", ".pt.")


@dataclass(frozen=True)
class Instant:
    """So many epochs after a process's start, and then so many seconds: a busy machine moves it with the training."""

    epochs: int
    seconds: float

    def wait(self, process: subprocess.Popen[str]) -> None:
        """Wait for it, or for the end of the process."""
        assert process.stdout is not None
        for _ in range(self.epochs):
            # Other lines may stand before, such as where it computes.
            next((line for line in process.stdout if " epoch " in line), "")
        time.sleep(self.seconds)


def kill(process: subprocess.Popen[str], instant: Instant) -> None:
    """SIGKILL."""
    instant.wait(process)
    process.kill()


def kill_in_write(
    process: subprocess.Popen[str], instant: Instant, folder: Path, write: int
) -> None:
    """SIGKILL as soon as the `write`-th temporary file of a checkpoint after `instant` is seen.

    The process may be faster: only the file that it leaves behind proves that it was hit inside the write.
    """
    instant.wait(process)
    ending, seen, there = f".{process.pid}.tmp", 0, False
    while process.poll() is None:
        names = _names(folder)
        was, there = (
            there,
            any(of in name and name.endswith(ending) for name in names for of in SAVED),
        )
        seen += there and not was
        if seen == write:
            process.kill()
            return


def stop(process: subprocess.Popen[str], instant: Instant) -> None:
    """SIGTERM."""
    instant.wait(process)
    process.terminate()


def fill(
    process: subprocess.Popen[str],
    instant: Instant,
    disk: TmpfsDisk | FileSizeLimit,
    state: Path,
    share: float,
) -> None:
    """Leave room on the disk for a `share` (in [0, 1)) of the saved state."""
    instant.wait(process)
    if process.poll() is None:
        disk.fill(process.pid, int(share * state.stat().st_size))


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []
