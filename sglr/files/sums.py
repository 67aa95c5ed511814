"""Checksums beside results: one file a stage, as `sha256sum --check` reads it. Imports no torch."""

import hashlib
from collections.abc import Iterable
from os.path import normpath
from pathlib import Path

from sglr.files.again import command_for
from sglr.files.disk import read_bytes, write_bytes
from sglr.files.errors import UsageError

_STAGES = ("train", "evaluate", "trajectory", "features", "evidence")


def write_sums(folder: Path, stage: str, names: Iterable[str]) -> None:
    """Write folder/`stage`.sha256 of the files that the stage has written."""
    lines = [f"{_sha256(read_bytes(_place(folder, name)))}  {name}\n" for name in names]
    write_bytes(folder / f"{stage}.sha256", "".join(lines).encode())


def check_sums(path: Path, content: bytes) -> None:
    """Raise UsageError where a checksum beside `path` is not that of its content; without one, nothing is known.

    Checksums that are damaged themselves speak against their own files alone, those that lie where another stage's
    should not at all (to make them again would not change the file), nor do a user's own.
    """
    for sums in sorted(path.parent.glob("*.sha256")):
        if sums.stem not in _STAGES and not path.name.startswith(sums.stem):
            continue
        if command_for(sums) != command_for(path):
            continue
        for line in _lines(sums):
            expected, _, name = line.partition("  ")
            if name == path.name and expected != _sha256(content):
                raise UsageError(
                    f"{path}: changed since it was written ({sums.name} has its checksum); "
                    f"to make it again: {command_for(sums)}"
                )


def is_named(sums: Path, name: str) -> bool:
    """Whether there is a checksum of a file of this name in `sums`."""
    return sums.exists() and any(line.endswith(f"  {name}") for line in _lines(sums))


def check_inputs(sums: Path) -> None:
    """Raise UsageError where a file from which those of `sums` were made has changed since.

    Its name has a slash in it, those beside `sums` have none.
    """
    if not sums.exists():
        return
    for line in _lines(sums):
        expected, _, name = line.partition("  ")
        path = _place(sums.parent, name)
        if "/" in name and path.exists() and expected != _sha256(read_bytes(path)):
            raise UsageError(
                f"{path}: changed since {sums.with_suffix('')} was made of it; "
                f"to make it again: {command_for(sums)}"
            )


def _place(folder: Path, name: str) -> Path:
    """Where a file is that is named from `folder`, as it is written: not by way of where a link in it leads."""
    return Path(normpath(folder / name))


def _lines(sums: Path) -> list[str]:
    return read_bytes(sums).decode("utf-8", errors="replace").splitlines()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
