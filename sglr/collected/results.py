"""The collected frames of a scale, read; where there is none, that is no error but a claim not judged."""

import csv
import io
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from sglr.files.disk import read_bytes, read_text
from sglr.files.records import read_csv, read_json
from sglr.files.sums import check_sums
from sglr.plan.names import ROLES

# A method, or "sglr/R/T" for a cell of Table 4, and a checkpoint.
Cell = tuple[str, str]
Row = dict[str, str]


class NotRun(Exception):
    """What a claim needs has not been run; the message says what."""


@dataclass(frozen=True)
class Results:
    """The frames of results/{scale}/collected, by name; accuracies are read in percent."""

    frames: dict[str, pd.DataFrame]

    def frame(self, name: str) -> pd.DataFrame:
        """The rows of collected/`name`.csv. Raises NotRun where it was not collected or has none."""
        if name not in self.frames or self.frames[name].empty:
            raise NotRun(f"{name} is not collected")
        return self.frames[name]

    def accuracies(self, role: str, attack: str, cell: Cell) -> dict[int, float]:
        """Seed -> percent of a table's cell. Raises NotRun where there is none."""
        found = self._cells.get((role, attack, *cell))
        if found is None:
            raise NotRun(f"{cell[0]} was not run ({ROLES[role]}, {attack}, {cell[1]})")
        return found

    def interval(
        self, role: str, attack: str, one: Cell, other: Cell
    ) -> tuple[float, float] | None:
        """The points between which the difference of two cells lies, over images; None where it was not collected."""
        return self._pairs.get((role, attack, *one, *other))

    def methods(self, name: str) -> list[str]:
        """The methods of a collected table, in its order; none where it was not collected."""
        frame = self.frames.get(name, pd.DataFrame())
        return list(dict.fromkeys(frame["method"])) if "method" in frame else []

    @cached_property
    def _cells(self) -> dict[tuple[str, ...], dict[int, float]]:
        cells: dict[tuple[str, ...], dict[int, float]] = {}
        for name in ("table2", "table3", "table4"):
            rows = self.frames.get(name, pd.DataFrame())
            rows = (
                rows.dropna(subset=["accuracy"])
                if "accuracy" in rows
                else rows.iloc[:0]
            )
            for row in rows.to_dict("records"):
                method = (
                    f"sglr/{row['r']:g}/{row['temperature']:g}"
                    if name == "table4"
                    else row["method"]
                )
                cell = (row["role"], row["attack"], method, row["checkpoint"])
                cells.setdefault(cell, {})[row["seed"]] = 100 * row["accuracy"]
        return cells

    @cached_property
    def _pairs(self) -> dict[tuple[str, ...], tuple[float, float]]:
        names = ("role", "attack", "one", "one_checkpoint", "other", "other_checkpoint")
        rows = self.frames.get("pairs", pd.DataFrame()).to_dict("records")
        return {
            tuple(row[name] for name in names): (100 * row["low"], 100 * row["high"])
            for row in rows
        }


def read_results(collected: Path) -> Results:
    """Return whatever was collected."""
    return Results(
        {path.stem: read_frame(path) for path in sorted(collected.glob("*.csv"))}
    )


def read_frame(path: Path) -> pd.DataFrame:
    """Return a collected frame; one without rows is empty."""
    check_sums(path)
    return pd.DataFrame() if read_bytes(path) == b"\n" else read_csv(path)


def read_rows(path: Path) -> list[Row]:
    """Return the rows of a CSV, cell by cell as written there; none where there is no file."""
    if not path.exists():
        return []
    return list(csv.DictReader(io.StringIO(read_text(path), newline="")))


def read_manifests(folder: Path) -> dict[str, dict[str, Any]]:
    """Return run id -> manifest of every finished training below results/{scale}. Raises UsageError if damaged."""
    return {
        path.parent.name: read_json(path)
        for path in sorted(folder.glob("runs/*/manifest.json"))
    }
