"""Reading and writing of every file: whole or not at all, and one clear line where the system refuses.

Imports no torch.
"""

import os
import shutil
import socket
import uuid
from contextlib import suppress
from os.path import lexists
from pathlib import Path

from sglr.files.errors import UsageError

_ELSEWHERE = "work in another folder (snakemake --directory)"


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` so that `path` is either the old file or the whole new one.

    The temporary file's name is nobody else's, on this machine or on another that shares the folder.
    Raises UsageError on errors of the system.
    """
    name = (
        f".{path.name}.{socket.gethostname()}.{uuid.uuid4().hex[:8]}.{os.getpid()}.tmp"
    )
    temporary = path.with_name(name[-200:])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from None
    except BaseException:  # a signal; what is half written is nobody's
        with suppress(OSError):
            temporary.unlink()
        raise


def check_writable(folder: Path) -> None:
    """Raise UsageError that says whose it is, where files cannot be made in `folder`, or where it would be made."""
    place = next(each for each in (folder, *folder.absolute().parents) if lexists(each))
    if not place.is_dir():
        raise UsageError(
            f"{folder} must be a folder, and {place.absolute()} is none: move it away"
        )
    if os.statvfs(place).f_flag & os.ST_RDONLY:
        raise UsageError(
            f"{folder} cannot be written: {place.absolute()} is mounted read-only; {_ELSEWHERE}"
        )
    if not os.access(place, os.W_OK | os.X_OK):
        raise UsageError(
            f"{folder} cannot be written: {place.absolute()} belongs to {_owner(place)}; "
            f"have it made writable for you, or {_ELSEWHERE}"
        )


def _owner(path: Path) -> str:
    try:
        return path.owner()
    except KeyError:  # a number without a name, as in a container
        return f"user {path.stat().st_uid}"


def room_at(folder: Path) -> float:
    """Return the megabytes that are free where `folder` is, or would be made."""
    place = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    return shutil.disk_usage(place).free / 1e6


def read_bytes(path: Path) -> bytes:
    """Return the content of `path`. Raises UsageError where it is missing or the system refuses."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None


def read_text(path: Path) -> str:
    """Return the text of `path`, whatever the locale. Raises UsageError, also where it is not UTF-8."""
    try:
        return read_bytes(path).decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{path}: damaged, not UTF-8 text") from None
