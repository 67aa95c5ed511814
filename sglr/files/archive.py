"""An archive whose bytes follow from its content alone. Imports no torch."""

import io
import zipfile
from pathlib import PurePosixPath

_DATE = (1980, 1, 1, 0, 0, 0)  # a zip archive knows none before


def zipped(members: dict[str, bytes]) -> bytes:
    """Return a zip archive of path -> content, and of the folders of these paths.

    It is sorted, undated, and not compressed, as one library packs unlike another.
    """
    folders = {
        f"{above.as_posix()}/": b""
        for name in members
        for above in PurePosixPath(name).parents[:-1]
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in sorted((members | folders).items()):
            archive.writestr(_entry(name), content)
    return buffer.getvalue()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.external_attr = (0o40755 if name.endswith("/") else 0o100644) << 16
    entry.create_system = 3  # Unix, wherever it is made
    return entry
