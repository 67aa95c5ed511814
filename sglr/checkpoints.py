"""Weights and resume states on disk: atomic, checksummed, loaded as data and never as code."""

import io
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from sglr import parallel
from sglr.errors import UsageError
from sglr.records import digest, write_bytes

_DIGEST_LENGTH = 64


def save_payload(path: Path, payload: dict[str, Any]) -> str:
    """Write `payload` atomically, its sha256 ahead of it; return the sha256."""
    buffer = io.BytesIO()
    torch.save(payload, buffer)
    checksum = digest(buffer.getvalue())
    if parallel.is_first():
        write_bytes(path, checksum.encode() + buffer.getvalue())
    return checksum


def load_payload(path: Path, sha256: str | None = None) -> dict[str, Any]:
    """Return what `save_payload` wrote and gave `sha256` for; without it, whatever whole payload is there.

    Raises UsageError where the file is missing, truncated, changed, another payload or code.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file; train the run again (delete its manifest.json first)") from None
    checksum, body = content[:_DIGEST_LENGTH], content[_DIGEST_LENGTH:]
    if digest(body).encode() != checksum:
        raise UsageError(f"{path}: damaged, its checksum does not match its content")
    if sha256 and sha256 != checksum.decode():
        raise UsageError(f"{path}: not the checkpoint that manifest.json names; train the run again")
    try:
        return torch.load(io.BytesIO(body), map_location="cpu", weights_only=True)
    except UnpicklingError:
        raise UsageError(f"{path}: holds more than tensors and plain values; it is not loaded") from None


def load_state(path: Path, fingerprint: str) -> dict[str, Any] | None:
    """Return the resume state of the run with this settings fingerprint, or None where there is none to use.

    A damaged state, or one of other settings, is reported and set aside, never used.
    """
    if not path.exists():
        return None
    try:
        state = load_payload(path)
        reason = "" if state["fingerprint"] == fingerprint else "it belongs to other settings"
    except UsageError as error:
        state, reason = {}, str(error)
    if not reason:
        return state
    aside = path.with_suffix(".set-aside")
    if parallel.is_first():
        path.replace(aside)
    print(f"resume state set aside as {aside}: {reason}; starting from the first epoch", flush=True)
    return None
