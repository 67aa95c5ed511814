"""Every method of training, one file a method; found by looking, and read without torch."""

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules
from typing import Any

from sglr.files.errors import UsageError
from sglr.files.settings import unknown
from sglr.methods.method import Method


def _own() -> dict[str, type[Method]]:
    """Name -> record, of the methods whose files lie here."""
    found = {}
    for module in iter_modules(__path__):
        for value in vars(import_module(f"{__name__}.{module.name}")).values():
            if isinstance(value, type) and issubclass(value, Method) and value.name:
                found[value.name] = value
    return found


METHODS: dict[str, type[Method]] = _own()


def method_named(name: Any) -> type[Method]:
    """Return the method's record. Raises UsageError where there is none of this name."""
    if not isinstance(name, str) or name not in METHODS:
        raise UsageError(unknown(name, METHODS, "method"))
    return METHODS[name]


@cache
def add_methods_of_packages() -> None:
    """Add the methods of installed packages, named in their entry points of the group `sglr.methods`, to METHODS.

    Raises UsageError for a name that is taken, and for an entry point that gives no method.
    """
    for entry in entry_points(group="sglr.methods"):
        method = entry.load()
        if (
            not (isinstance(method, type) and issubclass(method, Method))
            or method.name != entry.name
        ):
            raise UsageError(
                f"entry point {entry.name} = {entry.value}: no method of this name"
            )
        if METHODS.setdefault(method.name, method) is not method:
            raise UsageError(
                f"entry point {entry.name} = {entry.value}: there is a method {method.name!r} already"
            )
