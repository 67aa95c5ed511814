"""The data dictionary as config/data.yaml declares it: files, their fields, types and ranges. Imports no torch."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from sglr.files.yaml import CONFIG, read_yaml


@dataclass(frozen=True)
class Field:
    """A column of a table, or a key of a JSON object: type as Frictionless names it, unit, range and meaning."""

    name: str
    type: str
    unit: str
    low: float | None
    high: float | None
    meaning: str


@dataclass(frozen=True)
class File:
    """A file below results/{scale}; `path` is a pattern, the others are explained in data.yaml."""

    path: str
    meaning: str
    command: str
    fields: tuple[Field, ...]
    key: tuple[str, ...] = ()
    distinct: tuple[str, ...] = ()
    bare: bool = False
    empty: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    together: tuple[str, ...] = ()
    infinite: tuple[str, ...] = ()


_LISTS = ("key", "distinct", "empty", "absent", "together", "infinite")


@cache
def _content() -> dict[str, Any]:
    return read_yaml(CONFIG / "data.yaml")


@cache
def tables() -> tuple[File, ...]:
    """Every CSV."""
    shared, found = _content()["fields"], []
    for path, entry in _content()["tables"].items():
        fields = {name: shared.get(name) for name in entry["fields"]}
        found.append(_file(path, entry, fields))
    return tuple(found)


@cache
def objects() -> tuple[File, ...]:
    """Every JSON file of a run or of a scale."""
    return tuple(
        _file(path, entry, entry["fields"])
        for path, entry in _content()["objects"].items()
    )


def written() -> dict[str, str]:
    """Field -> the regular expression of its words, of those that have no other."""
    return _content()["written"]


def others() -> dict[str, str]:
    """Pattern below results/ -> meaning of the files that are neither."""
    return _content()["others"]


def _file(path: str, entry: dict[str, Any], fields: dict[str, Any]) -> File:
    known = fields | entry.get("also", {})
    return File(
        path,
        meaning=entry["is"],
        command=entry["by"],
        fields=tuple(Field(name, *known[name]) for name in fields),
        bare=entry.get("bare", False),
        **{name: tuple(entry.get(name, ())) for name in _LISTS},
    )
