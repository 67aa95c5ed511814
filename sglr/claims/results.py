"""Collected results, and the published numbers in the same form, so that one measure reads both. Imports no torch."""

import math
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import pandas as pd

from sglr.claims.verdict import Evidence, NotRun, over
from sglr.collected.published import published_rows

Cell = tuple[str, str]  # a method, or "sglr/R/T" for a cell of Table 4, and a checkpoint
TEN, HUNDRED = "ten_classes", "hundred_classes"
ROLES = {TEN: "10 classes", HUNDRED: "100 classes"}
_ROLE = {"cifar10": TEN, "cifar100": HUNDRED}
_NORMAL = 1.96  # half a 95 % interval in standard errors


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

    def interval(self, role: str, attack: str, one: Cell, other: Cell) -> tuple[float, float] | None:
        """The points between which the difference of two cells lies, over images; None where it was not collected."""
        return self._pairs.get((role, attack, *one, *other))

    @cached_property
    def _cells(self) -> dict[tuple[str, ...], dict[int, float]]:
        cells: dict[tuple[str, ...], dict[int, float]] = {}
        for name in ("table2", "table3", "table4"):
            rows = self.frames.get(name, pd.DataFrame())
            rows = rows.dropna(subset=["accuracy"]) if "accuracy" in rows else rows.iloc[:0]
            for row in rows.to_dict("records"):
                method = f"sglr/{row['r']:g}/{row['temperature']:g}" if name == "table4" else row["method"]
                cell = (row["role"], row["attack"], method, row["checkpoint"])
                cells.setdefault(cell, {})[row["seed"]] = 100 * row["accuracy"]
        return cells

    @cached_property
    def _pairs(self) -> dict[tuple[str, ...], tuple[float, float]]:
        names = ("role", "attack", "one", "one_checkpoint", "other", "other_checkpoint")
        rows = self.frames.get("pairs", pd.DataFrame()).to_dict("records")
        return {tuple(row[name] for name in names): (100 * row["low"], 100 * row["high"]) for row in rows}


def read(collected: Path) -> Results:
    """Return whatever was collected."""
    return Results({path.stem: _csv(path) for path in sorted(collected.glob("*.csv"))})


def _csv(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path)
    except pd.errors.EmptyDataError:
        return pd.DataFrame()


@cache
def published() -> Results:
    """The paper's Tables 2-4 as if they had been collected from one seed; both variants of SGLR have its rows."""
    rows = published_rows()
    rows = rows[(rows["source"] == "paper") & (rows["checkpoint"] != "diff")]
    rows = rows.assign(role=rows["dataset"].map(_ROLE), seed=0, accuracy=rows["accuracy_percent"] / 100)
    released = rows[(rows["method"] == "sglr") & (rows["artifact"] != "table4")].assign(method="sglr_released")
    parts = dict(iter(pd.concat([rows, released]).groupby("artifact")))
    return Results({str(name): parts[name] for name in ("table2", "table3", "table4")})


def difference(results: Results, role: str, attack: str, one: Cell, other: Cell) -> Evidence:
    """Accuracy of `one` minus that of `other`, in points: over seeds, or, with one seed, over the same test images."""
    each = _by_seed(results, role, attack, {one: 1, other: -1})
    between = results.interval(role, attack, one, other)
    if len(each) > 1 or between is None:
        return over(each)
    return Evidence(each[0], *between, basis="test images")


def _by_seed(results: Results, role: str, attack: str, signs: dict[Cell, int]) -> list[float]:
    """The signed sum of the cells' accuracies for each seed that all of them have."""
    cells = {cell: results.accuracies(role, attack, cell) for cell in signs}
    seeds = sorted(set.intersection(*(set(found) for found in cells.values())))
    if not seeds:
        raise NotRun(f"{' and '.join(dict.fromkeys(name for name, _ in signs))} have no seed in common")
    return [sum(sign * cells[cell][seed] for cell, sign in signs.items()) for seed in seeds]


def lost(results: Results, role: str, attack: str, method: str) -> Evidence:
    """Points lost from the best checkpoint, chosen on test images, to the final one."""
    return difference(results, role, attack, (method, "best"), (method, "final"))


def lost_less(results: Results, role: str, attack: str, method: str, other: str) -> Evidence:
    """Points that `other` loses from best to final, less what `method` loses.

    With one seed the two intervals over images are added in quadrature; on the same images that is rather too wide.
    """
    signs = {(other, "best"): 1, (other, "final"): -1, (method, "best"): -1, (method, "final"): 1}
    each = _by_seed(results, role, attack, signs)
    if len(each) > 1:
        return over(each)
    errors = [_error(lost(results, role, attack, name)) for name in (other, method)]
    value, reach = each[0], _NORMAL * math.hypot(*errors)
    if math.isnan(reach):
        return Evidence(value)
    return Evidence(value, value - reach, value + reach, basis="test images")


def _error(evidence: Evidence) -> float:
    """The standard error that an interval stands for; NaN without one."""
    if evidence.low is None or evidence.high is None:
        return math.nan
    return (evidence.high - evidence.low) / (2 * _NORMAL)
