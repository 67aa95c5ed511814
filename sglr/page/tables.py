"""Tables for the page: ours, the paper's values and others'."""

from pathlib import Path
from typing import Any

import pandas as pd

from sglr.artefacts import load
from sglr.artefacts.collect import frames_of, runs_of
from sglr.claims.cells import independent
from sglr.collected.published import published_rows
from sglr.files.errors import UsageError
from sglr.page.sources import behind_cell
from sglr.plan.names import PAPERS_DATA
from sglr.plan.plan import Plan
from sglr.plan.runs import Run
from sglr.plan.scales import Scale

Words = dict[str, str]


def table(name: str, plan: Plan, folder: Path) -> dict[str, Any]:
    """Return a table as the page shows it; without rows where it was not collected."""
    module = load(name)
    shown = {"name": name, "title": module.TITLE, "caption": module.CAPTION, "note": ""}
    shown |= {"columns": [], "rows": [], "behind": [], "not_run": []}
    try:
        frames = frames_of(name, folder / "collected")
    except UsageError:
        return shown
    found = module.tabulate(frames, plan.scale).fillna("")
    if {"role", "method", "attack"} <= set(found.index.names):
        found = _with_others(found)
    measured = _measured(found)
    words = _named(found).reset_index(drop=True).astype(str)
    rows = words[measured].to_dict("records")
    runs = runs_of(name, plan, folder).done
    return shown | {
        "note": module.note(frames, plan.scale),
        "columns": list(words),
        "rows": rows,
        "behind": _behind(found[measured].index, rows, runs, plan.scale),
        "not_run": words[~measured].to_dict("records"),
    }


def _named(found: pd.DataFrame) -> pd.DataFrame:
    """The table with one name a column, where it has groups of them."""
    names = [
        " ".join(filter(None, name)) if isinstance(name, tuple) else name
        for name in found
    ]
    return found.set_axis(names, axis="columns")


def _behind(
    index: pd.Index, rows: list[Words], runs: list[Run], scale: Scale
) -> list[dict[str, Any]]:
    """The ids of the runs behind each row, and behind those cells that have others."""
    found = []
    for key, row in zip(index, rows, strict=True):
        says = dict(
            zip(index.names, key if isinstance(key, tuple) else (key,), strict=True)
        )
        each = {column: behind_cell(says, row, column, runs, scale) for column in row}
        whole = behind_cell(says, {}, "", runs, scale)
        cells = {column: ids for column, ids in each.items() if ids != whole}
        found.append({"row": whole, "cells": cells})
    return found


def _measured(found: pd.DataFrame) -> Any:
    """Which rows hold a number of ours; all, where the table does not say."""
    if "measured" not in found.index.names:
        return pd.Series(True, index=range(len(found))).to_numpy()
    return found.index.get_level_values("measured").to_numpy(dtype=bool)


def _with_others(found: pd.DataFrame) -> pd.DataFrame:
    """The table with the range of others' published values beside the paper's, and of how many."""
    columns: dict[str, list[str]] = {"others best": [], "others final": []}
    for role, method, attack in found.index.droplevel("measured"):
        for checkpoint in ("best", "final"):
            columns[f"others {checkpoint}"].append(
                independent(PAPERS_DATA[role], method, attack, checkpoint)
            )
    return found.assign(**columns)


def others() -> dict[str, Any]:
    """Return every number of other publications, with its source."""
    found = published_rows()
    found = (
        found[found["source"] != "paper"]
        .drop(columns="artifact")
        .dropna(axis="columns", how="all")
    )
    words = found.map(_word)
    return {"columns": list(words), "rows": words.to_dict("records")}


def _word(cell: Any) -> str:
    if pd.isna(cell):
        return ""
    return f"{cell:g}" if isinstance(cell, float) else str(cell)
