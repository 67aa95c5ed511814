"""Results as small text files: JSON objects and CSV tables. Imports no torch."""

import hashlib
import io
import json
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from sglr.files.disk import read_bytes, read_text, write_bytes
from sglr.files.errors import UsageError
from sglr.files.shapes import check


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write `content` as indented JSON, atomically."""
    write_bytes(path, (json.dumps(content, indent=1) + "\n").encode())


def read_json(path: Path, shape: Any = dict) -> dict[str, Any]:
    """Return the JSON object in `path`. Raises UsageError where it is missing, damaged or not of the shape."""
    text = read_text(path)
    try:
        content = json.loads(text)
    except json.JSONDecodeError:
        raise _damaged(path, "not readable as JSON") from None
    if not isinstance(content, dict):
        raise _damaged(path, "not a JSON object")
    check(content, shape, path)
    return content


def write_csv(path: Path, rows: list[dict[str, Any]] | pd.DataFrame) -> None:
    """Write `rows` as CSV, atomically, floats with nine significant digits."""
    frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(rows)
    text = frame.to_csv(index=False, float_format="%.9g", lineterminator="\n")
    write_bytes(path, text.encode())


def read_csv(
    path: Path, columns: Iterable[str] = (), *, numbers: bool = False, **options: Any
) -> pd.DataFrame:
    """Return the table in `path`.

    Raises UsageError where it is missing, damaged, empty, lacks one of `columns`, or, where it is of `numbers` alone,
    holds a word.
    """
    content = read_bytes(path)
    if content and not content.endswith(b"\n"):
        raise _damaged(path, "its last line is cut off")
    try:
        with warnings.catch_warnings():  # a row longer than the header is no index
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(
                io.BytesIO(content), encoding="utf-8", index_col=False, **options
            )
    except (
        pd.errors.ParserWarning,
        ValueError,
        pd.errors.ParserError,
    ):  # of which "empty" and "not UTF-8" are kinds
        raise _damaged(path, "not readable as CSV") from None
    if frame.empty:
        raise _damaged(path, "it has no rows")
    for column in columns:
        if column not in frame:
            raise _damaged(path, f"it has no column {column!r}")
    for column in frame if numbers else ():
        if not pd.api.types.is_numeric_dtype(frame[column]):
            raise _damaged(path, f"column {column!r} holds what is no number")
    return frame


def _damaged(path: Path, what: str) -> UsageError:
    return UsageError(f"{path}: damaged, {what}; delete it to compute it again")


def digest(content: bytes | memoryview) -> str:
    """The sha256 of `content`, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def settings_digest(settings: dict[str, Any]) -> str:
    """A short fingerprint of resolved settings, free of the order of keys."""
    return digest(json.dumps(settings, sort_keys=True).encode())[:16]
