"""A small disk to fill and to free: a tmpfs where this user may mount one, else a limit on a process's files."""

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MIB = 64


class TmpfsDisk:
    """A tmpfs of 64 MiB, filled with one large file."""

    name = "tmpfs"

    def __init__(self, folder: Path):
        self.ballast = folder / "ballast"

    def fill(self, pid: int, left: int) -> None:
        """Leave room for `left` bytes."""
        with open(self.ballast, "wb") as file:
            free = os.statvfs(self.ballast.parent)
            os.posix_fallocate(
                file.fileno(), 0, max(1, free.f_bavail * free.f_bsize - left)
            )

    def free(self) -> None:
        """Give the room back."""
        self.ballast.unlink(missing_ok=True)


class FileSizeLimit:
    """No file of the process may grow beyond what is left; the next process has no limit."""

    name = "RLIMIT_FSIZE"

    def fill(self, pid: int, left: int) -> None:
        """Let process `pid` write `left` bytes a file."""
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (left, resource.RLIM_INFINITY))

    def free(self) -> None:
        """Nothing to give back."""


@contextmanager
def small_disk(folder: Path) -> Iterator[TmpfsDisk | FileSizeLimit]:
    """A disk mounted at `folder` for as long as the context lasts, or a limit in its place."""
    words = ["mount", "-t", "tmpfs", "-o", f"size={_MIB}m", "stress", str(folder)]
    if os.geteuid() or subprocess.run(words, capture_output=True).returncode:
        yield FileSizeLimit()
        return
    try:
        yield TmpfsDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
