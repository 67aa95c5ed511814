"""Tables 1-4 and the headline for the page: ours, the paper's values and others'. Imports no torch."""

from pathlib import Path
from typing import Any

import pandas as pd

from sglr.claims.cells import independent
from sglr.collected.published import published_rows
from sglr.methods import METHODS
from sglr.page.captions import caption
from sglr.page.read import Row, first_line, rows
from sglr.plan.plan import Plan

_METHODS = {method.label: name for name, method in METHODS.items()}
_ATTACKS = {"natural": "natural", "PGD-20": "pgd20", "AutoAttack": "autoattack"}
_NAMES = {"method", "data", "accuracy", "images", "temperature"}  # columns that say what a row is


def tables(plan: Plan, folder: Path) -> list[dict[str, Any]]:
    """Tables 1-4 as the page shows them; without rows where they were not made."""
    return [_table(f"table{number}", f"Table {number}", plan, folder) for number in (1, 2, 3, 4)]


def headline(plan: Plan, folder: Path) -> dict[str, Any]:
    """The comparison on the same images."""
    return _table("headline", "The central finding", plan, folder)


def _table(name: str, title: str, plan: Plan, folder: Path) -> dict[str, Any]:
    found = rows(folder / "tables" / f"{name}.csv")
    found = [{key: value for key, value in row.items() if key != "scale"} for row in found]
    if name in ("table2", "table3"):
        found = [_with_others(row, plan) for row in found]
    return {
        "name": name,
        "title": title,
        "caption": caption(name),
        "note": first_line(folder / "tables" / f"{name}.md"),
        "columns": list(found[0]) if found else [],
        "rows": [row for row in found if _was_run(row)],
        "not_run": [row for row in found if not _was_run(row)],
    }


def _with_others(row: Row, plan: Plan) -> Row:
    """The row with the range of others' published values beside the paper's, and of how many."""
    roles = plan.scale.roles
    dataset = {roles.ten_classes: "cifar10", roles.hundred_classes: "cifar100"}[row["data"]]
    method, attack = _METHODS[row["method"]], _ATTACKS[row["accuracy"]]
    return row | {f"others {at}": independent(dataset, method, attack, at) for at in ("best", "final")}


def _was_run(row: Row) -> bool:
    """Whether any of our own cells holds a number."""
    ours = [value for key, value in row.items() if key not in _NAMES and not key.startswith(("paper", "others"))]
    return any(value not in ("", "not run") for value in ours)


def others() -> dict[str, Any]:
    """Every number of other publications, with its source."""
    found = published_rows()
    found = found[found["source"] != "paper"].drop(columns="artifact").dropna(axis="columns", how="all")
    words = found.map(lambda cell: "" if pd.isna(cell) else f"{cell:g}" if isinstance(cell, float) else str(cell))
    return {"columns": list(words), "rows": words.to_dict("records")}
