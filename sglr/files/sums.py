"""Checksums beside results: one file a stage, as `sha256sum --check` reads it. Imports no torch."""

from collections.abc import Iterable
from pathlib import Path

from sglr.files.disk import read_bytes, read_text, write_bytes
from sglr.files.errors import UsageError
from sglr.files.records import digest


def write_sums(folder: Path, stage: str, names: Iterable[str]) -> None:
    """Write folder/`stage`.sha256 of the files that the stage has written."""
    lines = [f"{digest(read_bytes(folder / name))}  {name}\n" for name in names]
    write_bytes(folder / f"{stage}.sha256", "".join(lines).encode())


def check_sums(path: Path) -> None:
    """Raise UsageError where a checksum beside `path` is not that of its content; without one, nothing is known."""
    for sums in sorted(path.parent.glob("*.sha256")):
        for line in read_text(sums).splitlines():
            expected, _, name = line.partition("  ")
            if name == path.name and expected != digest(read_bytes(path)):
                raise UsageError(
                    f"{path}: changed since it was written ({sums.name} has its checksum); "
                    "delete it to compute it again"
                )
