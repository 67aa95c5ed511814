"""Results that lie elsewhere, where this process may not write, read as if they were here. Imports no torch."""

import os
from pathlib import Path

from sglr.files.disk import refused


def link_missing(source: Path, folder: Path) -> None:
    """Link every file of `source` that `folder` lacks into it, under the same name.

    Whatever is written later replaces a link and leaves the file behind it. Raises UsageError where the system refuses.
    """
    try:
        for path in sorted(source.rglob("*")):
            here = folder / path.relative_to(source)
            if (
                path.is_file()
                and not path.name.startswith(".")
                and not os.path.lexists(here)
            ):
                here.parent.mkdir(parents=True, exist_ok=True)
                here.symlink_to(path.absolute())
    except OSError as error:
        raise refused(folder, error, "written") from None
