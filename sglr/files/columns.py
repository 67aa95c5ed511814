"""What the cells of a table must be, by the data dictionary, checked by every reader of it. Imports no torch."""

import re
from pathlib import Path

from sglr.files.dictionary import Field, File, tables, written
from sglr.files.disk import damaged

_NUMBER = re.compile(r"-?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_INFINITE = re.compile(r"-?inf")


def check_table(rows: list[list[str]], path: Path) -> None:
    """Raise UsageError, with file, column and line, unless `rows`, the header first, are what the dictionary says.

    A file that it does not have is let be, and so are other columns.
    """
    file = next((each for each in tables() if path.match(each.path)), None)
    if file is None:
        return
    header, *body = rows or [[]]
    if not body and file.bare:
        return
    if not body:
        raise damaged(path, "it has no rows")
    columns = {name: [row[at] for row in body] for at, name in enumerate(header)}
    if len(columns) < len(header):
        raise damaged(path, "a column stands in it twice")
    for field in file.fields:
        if field.name not in columns:
            raise damaged(path, f"it has no column {field.name!r}")
        _check_column(field, file, columns, path)
    distinct = file.distinct or file.key
    _check_distinct({name: columns[name] for name in distinct}, path)


def _check_column(
    field: Field, file: File, columns: dict[str, list[str]], path: Path
) -> None:
    cells = columns[field.name]
    allowed = field.name in file.empty or (field.name in file.absent and not any(cells))
    together = columns.get(file.together[0]) if field.name in file.together else None
    for at, cell in enumerate(cells):
        right = _is(cell, field, infinite=field.name in file.infinite)
        if (allowed and cell == "") or (together and together[at] == ""):
            right = cell == ""
        if not right:
            what = f"column {field.name!r} must be {_allowed(field)}"
            raise damaged(path, f"{what}, got {cell[:40]!r} in line {at + 2}")


def _is(cell: str, field: Field, *, infinite: bool) -> bool:
    if infinite and _INFINITE.fullmatch(cell):
        return _within(float(cell), field)
    if pattern := written().get(field.name):
        return re.fullmatch(pattern, cell) is not None
    if field.type == "boolean":
        return cell in ("True", "False")
    if field.type == "string":
        return cell != ""
    if not _NUMBER.fullmatch(cell) or (field.type == "integer" and float(cell) % 1):
        return False
    return _within(float(cell), field)


def _within(value: float, field: Field) -> bool:
    low = field.low is None or value >= field.low
    return low and (field.high is None or value <= field.high)


def _allowed(field: Field) -> str:
    if pattern := written().get(field.name):
        return pattern.replace("|", " or ")
    if field.type not in ("integer", "number"):
        return {"boolean": "True or False", "string": "a text"}[field.type]
    ends = [
        f"{word} {end:g}"
        for word, end in (("from", field.low), ("to", field.high))
        if end is not None
    ]
    number = "a whole number" if field.type == "integer" else "a finite number"
    return " ".join([number, *ends])


def _check_distinct(columns: dict[str, list[str]], path: Path) -> None:
    """No two rows of a table are of the same thing."""
    seen: set[tuple[str, ...]] = set()
    for line, cells in enumerate(zip(*columns.values(), strict=True), 2):
        if cells in seen:
            named = zip(columns, cells, strict=True)
            what = ", ".join(f"{name} {cell}" for name, cell in named)
            raise damaged(path, f"{what} stands in it twice, again in line {line}")
        seen.add(cells)
