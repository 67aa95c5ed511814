"""The archive of a scale, written. Imports no torch."""

import json
from pathlib import Path

from sglr.bundle.contents import contents
from sglr.bundle.crate import metadata
from sglr.files.archive import zipped
from sglr.files.disk import read_bytes, write_bytes
from sglr.files.records import digest
from sglr.files.sums import check_inputs, check_sums
from sglr.plan.plan import Plan

METADATA = "ro-crate-metadata.json"
SUMS = "contents.sha256"


def write(plan: Plan, folder: Path, figures: Path) -> Path:
    """Write `folder`/bundle.zip of `folder`, results/{scale}, and `figures`; return its path.

    Equal files give an equal archive, byte by byte. Raises UsageError where there is no ledger, table or figure, and
    where one was changed since it was written, or was made of what has changed since.
    """
    members = {name: _whole(path) for name, path in contents(folder, figures).items()}
    sums = [f"{digest(content)}  {name}\n" for name, content in members.items()]
    members[SUMS] = "".join(sums).encode()
    described = json.dumps(metadata(plan, folder, [*members]), indent=1)
    members[METADATA] = f"{described}\n".encode()
    write_bytes(folder / "bundle.zip", zipped(members))
    return folder / "bundle.zip"


def _whole(path: Path) -> bytes:
    content = read_bytes(path)
    check_sums(path, content)
    if path.suffix == ".sha256":
        check_inputs(path)
    return content
