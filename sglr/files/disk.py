"""Reading and writing of every file: whole or not at all, and one clear line where the system refuses.

Imports no torch.
"""

import os
import socket
import uuid
from contextlib import suppress
from pathlib import Path

from sglr.files.errors import UsageError


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
