"""One writer a run: a lock that ends with its process, however that ends. Imports no torch."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from sglr.files.disk import refused
from sglr.files.errors import UsageError


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Within, this process alone writes to `folder`. Raises UsageError that says who does, and since when.

    The kernel holds the lock, that of the file server where the folder is on one: it survives neither process nor
    machine, so a requeued job finds it free.
    """
    lock_file, holder = folder / ".writer.lock", folder / ".writer"
    lock = FileLock(lock_file)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(blocking=False)
    except Timeout:
        who = _told(holder)
        raise UsageError(
            f"{folder}: another process writes to it: {who}; wait for it, or stop it"
        ) from None
    except OSError as error:
        raise refused(lock_file, error, "written") from None
    with suppress(OSError):
        holder.write_text(
            f"{os.getpid()} on {socket.gethostname()} since {datetime.now(UTC):%F %T} UTC"
        )
    try:
        yield
    finally:
        with suppress(OSError):
            holder.unlink()
        lock.release()


def _told(holder: Path) -> str:
    with suppress(OSError, UnicodeDecodeError):
        return f"process {holder.read_text(encoding='utf-8')}"
    return "it has not said which"
