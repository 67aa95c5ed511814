"""What CITATION.cff says of this software. Imports no torch."""

from typing import Any

from sglr.bundle.contents import CHECKOUT
from sglr.files.errors import UsageError
from sglr.files.yaml import read_yaml

_KEYS = ("title", "version", "date-released", "license", "repository-code", "authors")


def citation() -> dict[str, Any]:
    """Return the file's content, the date as a word. Raises UsageError where a key is missing."""
    path = CHECKOUT / "CITATION.cff"
    found = read_yaml(path)
    for key in _KEYS:
        if key not in found:
            raise UsageError(f"{path}: key '{key}' is missing")
    return found | {"date-released": str(found["date-released"])}
