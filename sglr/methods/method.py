"""A method as a record: its settings with their ranges, and what it needs. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar

from sglr.files.errors import UsageError
from sglr.files.settings import check_range
from sglr.methods.average import WeightAverage
from sglr.methods.objective import Objective

if TYPE_CHECKING:
    from torch import nn


def setting(default: Any, low: float = 0, high: float = 1, choices: tuple[str, ...] = ()) -> Any:
    """Return a record's field: a number within [low, high], or a word among `choices`."""
    return field(default=default, metadata={"range": (low, high), "choices": choices})


@dataclass(frozen=True)
class Method:
    """What all methods share. A subclass is one method; its docstring says in a line what it does and whose it is.

    `name` is what plans and runs call it, `label` what tables and figures do. `objective` holds its loss; `teachers`
    are the methods whose networks it learns from. `decay` and fractions of training are for the paper's 200 epochs.
    """

    name: ClassVar[str] = ""
    label: ClassVar[str] = ""
    adversarial: ClassVar[bool] = True
    teachers: ClassVar[tuple[str, ...]] = ()
    objective: ClassVar[type[Objective]]

    def __post_init__(self) -> None:
        for each in fields(self):
            _check(each.name, getattr(self, each.name), **each.metadata)

    def average(self, model: nn.Module, epochs: int) -> WeightAverage | None:
        """Return the average of weights that is evaluated in place of the network, or None."""
        return None


def _check(name: str, value: Any, range: tuple[float, float] = (0, 1), choices: tuple[str, ...] = ()) -> None:
    """Raise UsageError for a value that the field's `setting` does not allow."""
    if choices and value not in choices:
        raise UsageError(f"{name} must be one of {', '.join(choices)}, got {value!r}")
    if isinstance(value, float | int) and not isinstance(value, bool):
        check_range(name, value, *range)
