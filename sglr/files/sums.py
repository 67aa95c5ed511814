"""Checksums beside results: one file a stage, as `sha256sum --check` reads it. Imports no torch."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from sglr.files.again import command_for
from sglr.files.disk import read_bytes, write_bytes
from sglr.files.errors import UsageError


def write_sums(folder: Path, stage: str, names: Iterable[str]) -> None:
    """Write folder/`stage`.sha256 of the files that the stage has written."""
    lines = [f"{_sha256(read_bytes(folder / name))}  {name}\n" for name in names]
    write_bytes(folder / f"{stage}.sha256", "".join(lines).encode())


def check_sums(path: Path, content: bytes) -> None:
    """Raise UsageError where a checksum beside `path` is not that of its content; without one, nothing is known.

    Checksums that are damaged themselves speak against their own files alone.
    """
    for sums in sorted(path.parent.glob("*.sha256")):
        for line in _lines(sums):
            expected, _, name = line.partition("  ")
            if name == path.name and expected != _sha256(content):
                raise UsageError(
                    f"{path}: changed since it was written ({sums.name} has its checksum); "
                    f"to make it again: {command_for(sums)}"
                )


def check_inputs(sums: Path) -> None:
    """Raise UsageError where a file elsewhere, from which those beside `sums` were made, has changed since."""
    if not sums.exists():
        return
    for line in _lines(sums):
        expected, _, name = line.partition("  ")
        path = sums.parent / name
        elsewhere = name.startswith("../") and path.exists()
        if elsewhere and expected != _sha256(read_bytes(path)):
            raise UsageError(
                f"{path.resolve()}: changed since {sums.with_suffix('')} was made of it; "
                f"to make it again: {command_for(sums)}"
            )


def _lines(sums: Path) -> list[str]:
    return read_bytes(sums).decode("utf-8", errors="replace").splitlines()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
