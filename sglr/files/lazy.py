"""Torch, imported at its first use.

Tables, figures and verdicts read what methods there are, and are drawn where torch is not installed; so a method's file
imports torch from here.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch as torch
else:

    class _Lazy:
        def __init__(self, name: str):
            self._name = name

        def __getattr__(self, attribute: str) -> Any:
            return getattr(import_module(self._name), attribute)

    torch = _Lazy("torch")
