"""The data dictionary: what every file under results/ holds, from config/data.yaml. Imports no torch."""

from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from sglr.files.dictionary import Field, File, objects, others, tables


def table_schema(file: File) -> dict[str, Any]:
    """Return a table's Frictionless schema."""
    schema: dict[str, Any] = {"fields": [_described(field) for field in file.fields]}
    if file.key:
        schema["primaryKey"] = list(file.key)
    return schema | {"missingValues": [""]}


def _described(field: Field) -> dict[str, Any]:
    limits = {"minimum": field.low, "maximum": field.high}
    constraints = {name: value for name, value in limits.items() if value is not None}
    described: dict[str, Any] = {"name": field.name, "type": field.type}
    described["description"] = field.meaning
    if field.unit:
        described["unit"] = field.unit
    if field.type == "boolean":
        described |= {"trueValues": ["True"], "falseValues": ["False"]}
    return described | ({"constraints": constraints} if constraints else {})


def data_package(folder: Path) -> dict[str, Any]:
    """Return the Frictionless data package of the CSVs that are there below `folder`, results/{scale}."""
    resources = []
    for file in tables():
        found = sorted(folder.glob(file.path))
        if found:
            paths = [path.relative_to(folder).as_posix() for path in found]
            resources.append(_resource(file, paths))
    return {
        "name": folder.name.lower(),
        "profile": "tabular-data-package",
        "resources": resources,
    }


def _resource(file: File, paths: list[str]) -> dict[str, Any]:
    name = file.path.removesuffix(".csv").replace("/", "_").replace("*", "all")
    return {
        "name": name.lower(),
        "path": paths if "*" in file.path else paths[0],
        "profile": "tabular-data-resource",
        "description": file.meaning,
        "schema": table_schema(file),
    }


def meaning_of(path: str, scale: str) -> str | None:
    """Return what a file below results/ holds, None where the dictionary has no entry for it."""
    below = path.removeprefix(f"{scale}/")
    for file in (*tables(), *objects()):
        if fnmatch(below, file.path) and below.count("/") == file.path.count("/"):
            return file.meaning
    for pattern, meaning in others().items():
        if fnmatch(path, pattern):
            return meaning
    return None
