"""Small files as the page reads them: what is missing is empty, never an error. Imports no torch."""

import csv
from pathlib import Path
from typing import Any

from sglr.files.records import read_json

Row = dict[str, str]


def rows(path: Path) -> list[Row]:
    """The rows of a CSV, cell by cell as written there; none where there is no file."""
    if not path.exists():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def first_line(path: Path) -> str:
    """The first line of a text; empty where there is no file."""
    return path.read_text(encoding="utf-8").partition("\n")[0] if path.exists() else ""


def manifests(folder: Path) -> dict[str, dict[str, Any]]:
    """Run id -> manifest of every finished training below `folder`, results/{scale}. Raises UsageError if damaged."""
    return {path.parent.name: read_json(path) for path in sorted(folder.glob("runs/*/manifest.json"))}
