"""One fault each: wait for its instant, strike, and see the process end. None where the training ended before."""

import os
import random
import subprocess
from pathlib import Path

from stress.disk import FileSizeLimit, TmpfsDisk
from stress.training import Timing

_REACH = 0.25  # of a training, from its first epoch on, within which a fault strikes


def kill(process: subprocess.Popen[str], instant: float) -> None:
    """SIGKILL at `instant`, in seconds after the start."""
    _wait(process, instant)
    process.kill()


def kill_in_write(process: subprocess.Popen[str], folder: Path, write: int, quiet: float) -> None:
    """SIGKILL as soon as the `write`-th temporary file of a checkpoint is seen; looks closely after `quiet` seconds.

    The process may be faster: only the file that it leaves behind proves that it was hit inside the write.
    """
    _wait(process, quiet)
    ending, seen, there = f".pt.{process.pid}.tmp", 0, False
    while process.poll() is None:
        was, there = there, any(name.endswith(ending) for name in _names(folder))
        seen += there and not was
        if seen == write:
            process.kill()
            return


def stop(process: subprocess.Popen[str], instant: float) -> None:
    """SIGTERM at `instant`."""
    _wait(process, instant)
    process.terminate()


def fill(process: subprocess.Popen[str], instant: float, disk: TmpfsDisk | FileSizeLimit, left: int) -> None:
    """Fill the disk at `instant` but for `left` bytes."""
    _wait(process, instant)
    if process.poll() is None:
        disk.fill(process.pid, left)


def random_instant(chance: random.Random, timing: Timing) -> float:
    """Seconds after the start, from shortly before the first epoch on."""
    return chance.uniform(0.8 * timing.first_epoch, timing.first_epoch + _REACH * (timing.end - timing.first_epoch))


def _wait(process: subprocess.Popen[str], seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []
