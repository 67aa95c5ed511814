"""Reading and writing of every file: whole or not at all, and one clear line where the system refuses.

Imports no torch.
"""

import os
import shutil
import socket
import uuid
from collections.abc import Mapping
from contextlib import suppress
from errno import EACCES, EROFS
from os.path import lexists
from pathlib import Path
from shlex import quote

from sglr.files.again import command_for
from sglr.files.errors import ReadOnly, UsageError

_ELSEWHERE = "work in another folder (snakemake --directory)"


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` so that `path` is either the old file or the whole new one.

    Raises UsageError on errors of the system.
    """
    write_together({path: content})


def write_together(contents: Mapping[Path, bytes]) -> None:
    """Write files that speak of each other: each is the old one until all are on the disk, then the whole new one.

    Temporary files' names are nobody else's, on this machine or on another that shares the folder.
    Raises UsageError on errors of the system; then every file is the old one.
    """
    temporary = {path: _temporary(path) for path in contents}
    try:
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(temporary[path], "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        for path in contents:
            os.replace(temporary[path], path)
    except OSError as error:
        raise refused(path, error, "written") from None
    finally:  # after an error or a signal; what is half written is nobody's
        for half in temporary.values():
            with suppress(OSError):
                half.unlink()


def _temporary(path: Path) -> Path:
    name = (
        f".{path.name}.{socket.gethostname()}.{uuid.uuid4().hex[:8]}.{os.getpid()}.tmp"
    )
    return path.with_name(name[-200:])


def is_being_written(temporary: Path) -> bool:
    """Whether a temporary file of `write_bytes` is that of another process of this machine, which still runs."""
    *_, pid, _ = temporary.name.split(".")
    here = f".{socket.gethostname()}." in temporary.name and pid != str(os.getpid())
    return here and Path("/proc", pid).exists()


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


def remove(path: Path) -> None:
    """Remove the file, if it is there. Raises UsageError where the system refuses."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise refused(path, error, "written") from None


def read_bytes(path: Path) -> bytes:
    """Return the content of `path`. Raises UsageError where it is missing or the system refuses."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        again = command_for(path)
        advice = f"; to make it: {again}" if again else ""
        raise UsageError(f"{path}: no such file{advice}") from None
    except OSError as error:
        raise refused(path, error, "read") from None


def read_text(path: Path) -> str:
    """Return the text of `path`, whatever the locale. Raises UsageError, also where it is not UTF-8."""
    try:
        return read_bytes(path).decode("utf-8")
    except UnicodeDecodeError:
        raise damaged(path, "not UTF-8 text") from None


def damaged(path: Path, what: str) -> UsageError:
    """Return the error of a file whose content cannot be; it ends with the command that makes the file again."""
    again = command_for(path)
    return UsageError(
        f"{path}: damaged, {what}" + (f"; to make it again: {again}" if again else "")
    )


def refused(path: Path, error: OSError, done: str) -> UsageError:
    """Return the error of a file that the system does not let be `done`, "read" or "written"; it says what helps."""
    line = f"{path}: cannot be {done}: {error.strerror}"
    if error.errno == EROFS:
        return ReadOnly(line)
    return UsageError(
        line + (_missing_right(path, done) if error.errno == EACCES else "")
    )


def _missing_right(path: Path, done: str) -> str:
    """The command that gives the right which is missing: to pass a folder, or to read or write in the last one.

    A folder that was still to be made is not spoken of.
    """
    folders = [each for each in path.absolute().parents if lexists(each)]
    for folder in reversed(folders):
        if not os.access(folder, os.X_OK):
            return f"; to get the right: chmod u+rwx {quote(str(folder))}"
    if done == "read":
        return f"; to get the right: chmod u+rw {quote(str(path))}"
    return f"; to get the right: chmod u+rwx {quote(str(folders[0]))}"
