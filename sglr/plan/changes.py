"""Changed values of a scale, KEY=VALUE, and how they are named. Imports no torch."""

import re
from collections.abc import Iterable
from typing import Any

from sglr.files.errors import UsageError
from sglr.files.settings import exact, unknown
from sglr.files.yaml import parse_yaml


def apply(change: str, content: dict[str, Any]) -> None:
    """Set `KEY=VALUE`, KEY a path such as attack.epsilon, in the content of a scale's file. Raises UsageError."""
    key, equals, value = change.partition("=")
    if not equals or not key:
        raise UsageError(
            f"cannot read {change!r}; expected KEY=VALUE, such as attack.epsilon=4/255"
        )
    *path, last = key.split(".")
    place: Any = content
    for step in path:
        if not isinstance(place, dict) or step not in place:
            allowed = sorted(place) if isinstance(place, dict) else []
            raise UsageError(f"{change}: {unknown(step, allowed, 'key')}")
        place[step] = (
            dict(place[step]) if isinstance(place[step], dict) else place[step]
        )
        place = place[step]
    if not isinstance(place, dict):
        raise UsageError(f"{change}: {'.'.join(path)} is a value and has no keys")
    place[last] = parse_yaml(value, change)


def differences(
    plain: Any, changed: Any, changes: Iterable[str]
) -> set[tuple[str, str]]:
    """Return each changed key whose value differs between two scales, with the new value as it reads back.

    Raises UsageError for a value that cannot be part of a name.
    """
    found = set()
    for key in {change.partition("=")[0] for change in changes}:
        old, new = (_value(scale, key) for scale in (plain, changed))
        if new != old:
            found.add((key, _word(key, new)))
    return found


def _word(key: str, value: Any) -> str:
    """The value as part of a scale's name, and so of a path."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        if not re.fullmatch(r"[A-Za-z0-9_]+", value) or parse_yaml(value, key) != value:
            raise UsageError(
                f"{key}: {value!r} cannot be part of a name; say it in a scale's file"
            )
        return value
    return exact(value)


def _value(scale: Any, key: str) -> Any:
    place: Any = scale
    for step in key.split("."):
        place = place[step] if isinstance(place, dict) else getattr(place, step)
    if not isinstance(place, int | float | str):
        raise UsageError(f"{key} is a group of settings; name one of them")
    return place
