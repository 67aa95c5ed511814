"""Results as small text files: JSON objects and CSV tables. Imports no torch."""

import csv
import hashlib
import io
import json
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
from pandas.api.types import is_numeric_dtype

from sglr.files.columns import check_table
from sglr.files.disk import damaged, read_bytes, write_bytes
from sglr.files.shapes import check
from sglr.files.sums import check_sums


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write `content` as indented JSON, atomically."""
    write_bytes(path, (json.dumps(content, indent=1) + "\n").encode())


def read_json(path: Path, shape: Any = dict) -> dict[str, Any]:
    """Return the JSON object in `path`. Raises UsageError where it is missing, damaged or not of the shape, also where
    a checksum beside it is another's."""
    text = _checked(path)
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):  # of the first "not UTF-8" is a kind
        raise damaged(path, "not readable as JSON") from None
    if not isinstance(content, dict):
        raise damaged(path, "not a JSON object")
    check(content, shape, path)
    return content


def write_csv(path: Path, rows: list[dict[str, Any]] | pd.DataFrame) -> None:
    """Write `rows` as CSV, atomically, floats with nine significant digits."""
    frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(rows)
    text = frame.to_csv(index=False, float_format="%.9g", lineterminator="\n")
    write_bytes(path, text.encode())


def read_csv(path: Path, **options: Any) -> pd.DataFrame:
    """Return the table in `path`, without columns where it has no rows either.

    Raises UsageError where it is missing, damaged or not as the data dictionary says, also where a checksum beside it
    is another's.
    """
    content = _checked(path)
    if content == b"\n":
        check_table([], path)
        return pd.DataFrame()
    if not content.endswith(b"\n"):
        raise damaged(path, "its last line is cut off")
    try:
        with warnings.catch_warnings():  # a row longer than the header is no index
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(
                io.BytesIO(content),
                encoding="utf-8",
                index_col=False,
                keep_default_na=False,  # "nan" and "null" are no empty cells
                **{"na_values": [""]} | options,
            )
        rows = list(csv.reader(io.StringIO(content.decode(), newline="")))
    except (
        pd.errors.ParserWarning,
        ValueError,
        pd.errors.ParserError,
        csv.Error,
    ):  # of which "empty" and "not UTF-8" are kinds
        raise damaged(path, "not readable as CSV") from None
    if reason := _odd_rows(rows, frame, "dtype" not in options):
        raise damaged(path, reason)
    check_table(rows, path)
    return frame


def _odd_rows(rows: list[list[str]], frame: pd.DataFrame, typed: bool) -> str:
    """What no table of ours has, though it is CSV: rows of another length, a word in a column of numbers."""
    if len({len(row) for row in rows}) > 1:
        return "its rows differ in length"
    for column in frame if typed else ():
        if not is_numeric_dtype(frame[column]):
            cells = frame[column].dropna()
            numbers = pd.to_numeric(cells, errors="coerce").notna().mean()
            if 0.5 < numbers < 1:
                return f"not all of column {column!r} are numbers"
    return ""


def _checked(path: Path) -> bytes:
    content = read_bytes(path)
    check_sums(path, content)
    return content


def digest(content: bytes | memoryview) -> str:
    """The sha256 of `content`, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def settings_digest(settings: dict[str, Any]) -> str:
    """A short fingerprint of resolved settings, free of the order of keys."""
    return digest(json.dumps(settings, sort_keys=True).encode())[:16]
