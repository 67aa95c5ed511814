"""Reruns 'Soften to Defend'. `sglr.load_model(path)` gives a network that `sglr export` wrote."""

from typing import Any


def __getattr__(name: str) -> Any:
    """`load_model` on first use, so that `import sglr` imports no torch."""
    if name == "load_model":
        from sglr.export import load_model

        return load_model
    raise AttributeError(f"module 'sglr' has no attribute {name!r}")
