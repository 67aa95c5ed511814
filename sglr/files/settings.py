"""Strict reading of settings: a mapping becomes a frozen dataclass, or one clear line says why not."""

import re
from collections.abc import Iterable
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from decimal import Decimal
from difflib import get_close_matches
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from sglr.files.errors import UsageError

T = TypeVar("T")
# Not all that Python reads as a number looks like it: 010 is 10, 1_0 too.
_PLAIN = re.compile(r" *[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)? *")


def setting(
    default: Any = MISSING, low: float = 0, high: float = 1, choices: Iterable[str] = ()
) -> Any:
    """Return a field of a `Settings` class: a number within [low, high], or a word among `choices`."""
    return field(
        default=default, metadata={"low": low, "high": high, "choices": tuple(choices)}
    )


@dataclass(frozen=True)
class Settings:
    """A record whose fields are checked against their `setting` when it is made. Raises UsageError."""

    def __post_init__(self) -> None:
        for each in fields(self):
            value, allowed = getattr(self, each.name), each.metadata
            if allowed.get("choices") and value not in allowed["choices"]:
                raise UsageError(f"{each.name}: {unknown(value, allowed['choices'])}")
            if (
                allowed
                and isinstance(value, int | float)
                and not isinstance(value, bool)
            ):
                check_range(each.name, value, allowed["low"], allowed["high"])


def from_mapping(cls: type[T], mapping: Any, where: str) -> T:
    """Return `cls(**mapping)`, mappings inside it read likewise.

    Unknown or missing keys, wrong types and values out of range raise UsageError beginning with `where`.
    """
    if not isinstance(mapping, dict):
        raise UsageError(f"{where}: expected a mapping, got {mapping!r}")
    hints = get_type_hints(cls)
    known = {each.name: hints[each.name] for each in fields(cls)}  # type: ignore[arg-type]
    for key in mapping:
        if key not in known:
            raise UsageError(f"{where}: {unknown(key, sorted(known), 'key')}")
    missing = [
        each.name
        for each in fields(cls)  # type: ignore[arg-type]
        if each.default is MISSING and each.name not in mapping
    ]
    if missing:
        raise UsageError(f"{where}: key '{missing[0]}' is missing")
    values = {
        key: _typed(value, known[key], f"{where}: {key}")
        for key, value in mapping.items()
    }
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
        return {
            key: _typed(each, get_args(hint)[1], f"{where}.{key}")
            for key, each in value.items()
        }
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
        if not isinstance(value, str):
            return float(value)
        parts = value.split("/")
        if len(parts) > 2 or not all(map(_PLAIN.fullmatch, parts)):
            raise ValueError
        return float(parts[0]) / float(parts[1] if parts[1:] else 1)
    except (TypeError, ValueError, ZeroDivisionError):
        raise UsageError(f"{where} must be a number, got {value!r}") from None


def check_range(name: str, value: float, low: float, high: float) -> None:
    """Raise UsageError unless low <= value <= high."""
    if not low <= value <= high:
        raise UsageError(
            f"{name} must be within [{exact(low)}, {exact(high)}], got {exact(value)}"
        )


def exact(value: float) -> str:
    """Return the number in the fewest digits that read back as the same, without an exponent: 0.00001, 1000000."""
    if value != value or value in (float("inf"), float("-inf")):
        return repr(value)
    digits = format(Decimal(repr(value)), "f")
    return digits.removesuffix(".0")


def unknown(word: Any, allowed: Iterable[str], kind: str = "value") -> str:
    """Return why `word` cannot be: what is allowed, the nearest of it first."""
    allowed = list(allowed)
    if not allowed:
        return f"unknown {kind} {word!r}; none is allowed here"
    return (
        f"unknown {kind} {word!r}; {meant(word, allowed)}allowed: {', '.join(allowed)}"
    )


def meant(word: Any, allowed: Iterable[str]) -> str:
    """Return a question after the nearest of what is allowed, with a blank after it; "" where none is near."""
    nearest = get_close_matches(str(word), list(allowed), n=1)
    return f"did you mean '{nearest[0]}'? " if nearest else ""
