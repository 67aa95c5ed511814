"""One writer a run: a lock that ends with its process, however that ends. Imports no torch."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from errno import ENOLCK, ENOSYS, EOPNOTSUPP
from pathlib import Path
from shlex import quote

from filelock import FileLock, Timeout

from sglr.files.disk import refused
from sglr.files.errors import UsageError

_NO_LOCKS = (ENOLCK, ENOSYS, EOPNOTSUPP)


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Within, this process alone writes to `folder`. Raises UsageError that says who does, and since when.

    The kernel holds the lock, that of the file server where the folder is on one: it survives neither process nor
    machine, so a requeued job finds it free. Where there are no locks, the file that names the holder is one.
    """
    lock, holder = FileLock(folder / ".writer.lock"), folder / ".writer"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(blocking=False)
    except Timeout:
        raise UsageError(
            f"{_held(folder)}; wait for it, or stop it: kill {_pid(holder)}"
        ) from None
    except (NotImplementedError, OSError) as error:  # filelock's word for ENOSYS
        if isinstance(error, OSError) and error.errno not in _NO_LOCKS:
            raise refused(folder / ".writer.lock", error, "written") from None
        _take(folder)
    else:
        with suppress(OSError):
            holder.write_text(_own_name(), encoding="utf-8")
    try:
        yield
    finally:
        with suppress(OSError):
            holder.unlink()
        lock.release()


def _take(folder: Path) -> None:
    """Write the holder's file where there is none, or only that of a process of this machine that is gone."""
    holder = folder / ".writer"
    if _is_gone(holder):
        holder.unlink(missing_ok=True)
    try:
        with open(holder, "x", encoding="utf-8") as file:
            file.write(_own_name())
    except FileExistsError:
        raise UsageError(
            f"{_held(folder)}; if it runs no more: rm {quote(str(holder))}"
        ) from None
    except OSError as error:
        raise refused(holder, error, "written") from None


def _own_name() -> str:
    return (
        f"{os.getpid()} on {socket.gethostname()} since {datetime.now(UTC):%F %T} UTC"
    )


def _is_gone(holder: Path) -> bool:
    """Whether the file names a process of this machine that is no more."""
    return (
        f" on {socket.gethostname()} since " in _told(holder)
        and not Path("/proc", _pid(holder)).exists()
    )


def _held(folder: Path) -> str:
    told = _told(folder / ".writer")
    who = f"process {told}" if told else "it has not said which"
    return f"{folder}: another process writes to it: {who}"


def _pid(holder: Path) -> str:
    return _told(holder).partition(" ")[0] or "PID"


def _told(holder: Path) -> str:
    with suppress(OSError, UnicodeDecodeError):
        return holder.read_text(encoding="utf-8")
    return ""
