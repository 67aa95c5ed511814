"""A method as a record: its settings with their ranges, and what it needs. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from sglr.files.settings import Settings, setting
from sglr.methods.average import WeightAverage
from sglr.methods.objective import Objective

if TYPE_CHECKING:
    from torch import nn

__all__ = ["LARGEST_DECAY", "Method", "setting"]

LARGEST_DECAY = 1 - 1e-9  # with 1 an average would stay what it was at its start


@dataclass(frozen=True)
class Method(Settings):
    """What all methods share. A subclass is one method; its docstring says in a line what it does and whose it is.

    `name` is what plans and runs call it, `label` what tables and figures do. `objective` holds its loss; `teachers`
    are the methods whose networks it learns from. `decay` and fractions of training are for the paper's 200 epochs.
    """

    name: ClassVar[str] = ""
    label: ClassVar[str] = ""
    adversarial: ClassVar[bool] = True
    teachers: ClassVar[tuple[str, ...]] = ()
    objective: ClassVar[type[Objective]]

    def average(self, model: nn.Module, epochs: int) -> WeightAverage | None:
        """Return the average of weights that is evaluated in place of the network, or None."""
        return None
