"""Collected results, and the published numbers in the same form, so that one measure reads both. Imports no torch."""

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from sglr.claims.verdict import Evidence, NotRun, over
from sglr.scales import CONFIG

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

    def accuracies(self, role: str, attack: str, cell: Cell) -> pd.Series:
        """Percent by seed of a table's cell. Raises NotRun where there is none."""
        method, checkpoint = cell
        rows = self._grid(method) if "/" in method else self._tables(role, method)
        if "accuracy" not in rows:
            raise NotRun(f"{method} was not run")
        rows = rows[(rows["attack"] == attack) & (rows["checkpoint"] == checkpoint)].dropna(subset=["accuracy"])
        if rows.empty:
            raise NotRun(f"{method} was not run ({ROLES[role]}, {attack}, {checkpoint})")
        return 100 * rows.drop_duplicates("seed").set_index("seed")["accuracy"]

    def _tables(self, role: str, method: str) -> pd.DataFrame:
        tables = [self.frames[name] for name in ("table2", "table3") if name in self.frames]
        if not tables:
            raise NotRun("table2 and table3 are not collected")
        rows = pd.concat(tables)
        return rows[(rows["role"] == role) & (rows["method"] == method)]

    def _grid(self, cell: str) -> pd.DataFrame:
        _, r, temperature = cell.split("/")
        rows = self.frame("table4")
        return rows[(rows["r"].round(3) == float(r)) & (rows["temperature"].round(3) == float(temperature))]


def read(collected: Path) -> Results:
    """Return whatever was collected."""
    return Results({path.stem: _csv(path) for path in sorted(collected.glob("*.csv"))})


def _csv(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path)
    except pd.errors.EmptyDataError:
        return pd.DataFrame()


@cache
def published_rows() -> pd.DataFrame:
    """config/published.csv; not to be written to."""
    return pd.read_csv(CONFIG / "published.csv")


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
    both = pd.concat([results.accuracies(role, attack, cell) for cell in (one, other)], axis=1).dropna()
    each = both.iloc[:, 0] - both.iloc[:, 1]
    if each.empty:
        raise NotRun(f"{one[0]} and {other[0]} have no seed in common")
    return over(each) if len(each) > 1 else _paired(results, role, attack, one, other, float(each.iloc[0]))


def _paired(results: Results, role: str, attack: str, one: Cell, other: Cell, value: float) -> Evidence:
    """The interval over images that was collected for this pair; none where it was not."""
    pairs = results.frames.get("pairs", pd.DataFrame())
    names = {"role": role, "attack": attack, "one": one[0], "one_checkpoint": one[1]}
    names |= {"other": other[0], "other_checkpoint": other[1]}
    for name, wanted in names.items():
        pairs = pairs[pairs[name] == wanted] if len(pairs) else pairs
    if pairs.empty:
        return Evidence(value)
    return Evidence(value, 100 * pairs["low"].iloc[0], 100 * pairs["high"].iloc[0], basis="test images")


def lost(results: Results, role: str, attack: str, method: str) -> Evidence:
    """Points lost from the best checkpoint, chosen on test images, to the final one."""
    return difference(results, role, attack, (method, "best"), (method, "final"))


def lost_less(results: Results, role: str, attack: str, method: str, other: str) -> Evidence:
    """Points that `other` loses from best to final, less what `method` loses.

    With one seed the two intervals over images are added in quadrature; on the same images that is rather too wide.
    """
    cells = [(name, checkpoint) for name in (other, method) for checkpoint in ("best", "final")]
    table = pd.concat([results.accuracies(role, attack, cell) for cell in cells], axis=1).dropna()
    each = table.iloc[:, 0] - table.iloc[:, 1] - table.iloc[:, 2] + table.iloc[:, 3]
    if len(each) != 1:
        return over(each)
    errors = [_error(lost(results, role, attack, name)) for name in (other, method)]
    value, reach = float(each.iloc[0]), _NORMAL * math.hypot(*errors)
    if math.isnan(reach):
        return Evidence(value)
    return Evidence(value, value - reach, value + reach, basis="test images")


def _error(evidence: Evidence) -> float:
    """The standard error that an interval stands for; NaN without one."""
    if evidence.low is None or evidence.high is None:
        return math.nan
    return (evidence.high - evidence.low) / (2 * _NORMAL)
