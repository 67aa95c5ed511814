"""Weights and resume states on disk: atomic, checksummed, loaded as data and never as code."""

import io
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from sglr.engine import parallel
from sglr.files.disk import damaged, read_bytes, write_bytes
from sglr.files.errors import UsageError
from sglr.files.records import digest

# What a file holds, by number, to be raised with whatever is added or taken away. A file that carries none, as weights
# still do, is of format 1.
WEIGHTS_FORMAT, STATE_FORMAT = 1, 7
_DIGEST_LENGTH = 64


def save_payload(path: Path, payload: dict[str, Any]) -> str:
    """Write `payload` atomically, its sha256 ahead of it; return the sha256."""
    checksum, content = packed(payload)
    if parallel.is_first():
        write_bytes(path, content)
    return checksum


def packed(payload: dict[str, Any]) -> tuple[str, bytes]:
    """Return the payload's sha256, and what a file of it holds."""
    buffer = io.BytesIO()
    torch.save(payload, buffer)
    checksum = digest(buffer.getvalue())
    return checksum, checksum.encode() + buffer.getvalue()


def load_payload(
    path: Path, sha256: str | None = None, version: int = WEIGHTS_FORMAT
) -> dict[str, Any]:
    """Return what `save_payload` wrote and gave `sha256` for; without it, whatever whole payload is there.

    Raises UsageError where the file is missing, truncated, changed, another payload, of another format or code.
    """
    content = read_bytes(path)
    # A data set is large: no copy.
    checksum, body = (
        content[:_DIGEST_LENGTH],
        memoryview(content)[_DIGEST_LENGTH:],
    )
    if digest(body).encode() != checksum:
        raise damaged(path, "its checksum does not match its content")
    if sha256 and sha256 != checksum.decode():
        raise damaged(path, "not the checkpoint that manifest.json names")
    try:
        payload = torch.load(io.BytesIO(body), map_location="cpu", weights_only=True)
        found = payload.get("format", 1)
    except UnpicklingError:
        raise damaged(
            path, "it holds more than tensors and plain values; it is not loaded"
        ) from None
    except (
        AttributeError,
        EOFError,
        KeyError,
        RuntimeError,
    ):  # made by hand, its checksum too
        raise damaged(path, "no file of this program") from None
    if found != version:
        raise UsageError(
            f"{path}: of another version of this program (format {found}; this one reads {version})"
        )
    return payload


def load_state(path: Path, fingerprint: str) -> dict[str, Any] | None:
    """Return the resume state of the run with this settings fingerprint, or None where there is none to use.

    A damaged state, or one of other settings or of another version, is reported and set aside, never used.
    """
    if not path.exists():
        return None
    try:
        state = load_payload(path, version=STATE_FORMAT)
        reason = (
            ""
            if state.get("fingerprint") == fingerprint
            else "it belongs to other settings"
        )
    except UsageError as error:
        state, reason = {}, str(error)
    if not reason:
        return state
    aside = path.with_suffix(".set-aside")
    if parallel.is_first():
        path.replace(aside)
    print(
        f"resume state set aside as {aside}: {reason}; starting from the first epoch",
        flush=True,
    )
    return None
