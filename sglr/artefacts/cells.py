"""A printed table's cells, and the table as Markdown and as LaTeX.

A printed table has columns (group, name), and cells that are words or `Cell`s.
"""

from dataclasses import dataclass, field, replace

import pandas as pd


@dataclass(frozen=True)
class Cell:
    """A number as it is printed: in percent or points, one decimal.

    `beneath` stands with it: the paper's value, or an interval. `best`: printed in bold. Without
    a mean it was not run. `settings` are those of its runs, where they are not the whole row's.
    """

    mean: float | None
    deviation: float | None = None
    beneath: str = ""
    best: bool = False
    signed: bool = False
    settings: dict[str, float] = field(default_factory=dict, compare=False)

    @property
    def number(self) -> str:
        """The mean, and of several seeds the standard deviation."""
        if self.mean is None:
            return "not run"
        # Plus zero: what is rounded to -0.0 has no sign.
        text = f"{self.mean:+.1f}" if self.signed else f"{round(self.mean, 1) + 0:.1f}"
        if self.deviation is None:
            return text
        return f"{text} ± {self.deviation:.1f}"

    def __str__(self) -> str:
        if not self.beneath:
            return self.number
        if self.beneath.startswith("["):
            return f"{self.number} {self.beneath}"
        return f"{self.number} ({self.beneath})"

    @property
    def marked(self) -> str:
        """The same for Markdown, the best in bold."""
        text = str(self)
        if not self.best:
            return text
        return text.replace(self.number, f"**{self.number}**", 1)


def cell_of(values: pd.Series, beneath: str = "", *, signed: bool = False) -> Cell:
    """Return the cell of accuracies or differences as fractions, one a seed."""
    points = 100 * values
    if points.empty:
        return Cell(None, beneath=beneath)
    deviation = float(points.std()) if len(points) > 1 else None
    return Cell(float(points.mean()), deviation, beneath, signed=signed)


def with_best(cells: list[Cell], *, smallest: bool = False) -> list[Cell]:
    """Return the cells of a column, the best of several, as they are printed, marked."""
    shown = [round(cell.mean, 1) for cell in cells if cell.mean is not None]
    if len(shown) < 2:
        return cells
    best = min(shown) if smallest else max(shown)
    found = []
    for cell in cells:
        is_best = cell.mean is not None and round(cell.mean, 1) == best
        found.append(replace(cell, best=is_best))
    return found


def named(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with one name a column: "PGD-20 best"."""
    if not isinstance(table.columns, pd.MultiIndex):
        return table
    names = [" ".join(part for part in pair if part) for pair in table.columns]
    return table.set_axis(names, axis="columns")


def to_markdown(table: pd.DataFrame) -> str:
    """Return the table as Markdown."""
    words = named(table).reset_index(drop=True).fillna("").map(_marked)
    return words.to_markdown(index=False, disable_numparse=True)


def _marked(cell: object) -> str:
    return cell.marked if isinstance(cell, Cell) else str(cell)
