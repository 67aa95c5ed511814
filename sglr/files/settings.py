"""Strict reading of settings: a mapping becomes a frozen dataclass, or one clear line says why not."""

from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import yaml

from sglr.files.errors import UsageError

T = TypeVar("T")


def read_yaml(path: Path) -> Any:
    """Return the content of a YAML file. Raises UsageError where it is missing or no YAML."""
    try:
        return yaml.safe_load(path.read_text())
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file") from None
    except yaml.YAMLError as error:
        raise UsageError(f"{path}: not readable as YAML: {' '.join(str(error).split())}") from None


def from_mapping(cls: type[T], mapping: Any, where: str) -> T:
    """Return `cls(**mapping)`, mappings inside it read likewise.

    Unknown or missing keys, wrong types and values out of range raise UsageError beginning with `where`.
    """
    if not isinstance(mapping, dict):
        raise UsageError(f"{where}: expected a mapping, got {mapping!r}")
    hints = {field.name: get_type_hints(cls)[field.name] for field in fields(cls)}  # type: ignore[arg-type]
    unknown = sorted(set(map(str, mapping)) - set(hints))
    if unknown:
        raise UsageError(f"{where}: unknown key '{unknown[0]}'; allowed: {', '.join(sorted(hints))}")
    missing = [field.name for field in fields(cls) if field.default is MISSING and field.name not in mapping]  # type: ignore[arg-type]
    if missing:
        raise UsageError(f"{where}: key '{missing[0]}' is missing")
    values = {key: _typed(value, hints[key], f"{where}: {key}") for key, value in mapping.items()}
    try:
        return cls(**values)
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None


def _typed(value: Any, hint: Any, where: str) -> Any:
    if isinstance(hint, UnionType):  # only `X | None` is used
        return None if value is None else _typed(value, get_args(hint)[0], where)
    if is_dataclass(hint):
        return from_mapping(hint, value, where)  # type: ignore[arg-type]
    if get_origin(hint) is dict:
        if not isinstance(value, dict):
            raise UsageError(f"{where}: expected a mapping, got {value!r}")
        return {key: _typed(each, get_args(hint)[1], f"{where}.{key}") for key, each in value.items()}
    if hint is float:
        return _number(value, where)
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise UsageError(f"{where} must be {hint.__name__}, got {value!r}")
    return value


def _number(value: Any, where: str) -> float:
    """A float, where "8/255" is read as the fraction that it is."""
    try:
        if isinstance(value, bool):
            raise ValueError
        if isinstance(value, str) and "/" in value:
            numerator, denominator = value.split("/")
            return float(numerator) / float(denominator)
        return float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        raise UsageError(f"{where} must be a number, got {value!r}") from None


def check_range(name: str, value: float, low: float, high: float) -> None:
    """Raise UsageError unless low <= value <= high."""
    if not low <= value <= high:
        raise UsageError(f"{name} must be within [{low:g}, {high:g}], got {value:g}")
