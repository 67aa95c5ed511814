"""Tables for the page: ours, the paper's values and others'."""

from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

from sglr.artefacts import load
from sglr.artefacts.cells import named
from sglr.artefacts.collect import frames_of, is_collected, runs_of
from sglr.claims.cells import independent
from sglr.collected.published import published_rows
from sglr.page.sources import behind
from sglr.plan.names import ATTACKS, PAPERS_DATA, attack_label
from sglr.plan.plan import Plan
from sglr.plan.runs import Run
from sglr.plan.scales import Scale


def table(name: str, plan: Plan, folder: Path) -> dict[str, Any]:
    """Return a table as the page shows it; without rows where it was not collected."""
    module = load(name)
    shown = {"name": name, "title": module.TITLE, "caption": module.CAPTION, "note": ""}
    shown |= {"columns": [], "rows": [], "behind": [], "not_run": []}
    if not is_collected(name, folder / "collected"):
        return shown
    frames = frames_of(name, folder / "collected")
    found = named(module.tabulate(frames, plan.scale)).fillna("")
    if {"role", "method"} <= set(found.index.names):
        found = _with_others(found, plan.scale)
    measured = _measured(found)
    words = found.reset_index(drop=True).astype(str)
    runs = runs_of(name, plan, folder).done
    return shown | {
        "note": module.note(frames, plan.scale),
        "columns": list(words),
        "rows": words[measured].to_dict("records"),
        "behind": _behind(found[measured], runs, plan.scale),
        "not_run": words[~measured].to_dict("records"),
    }


def _behind(shown: pd.DataFrame, runs: list[Run], scale: Scale) -> list[dict[str, Any]]:
    """The ids of the runs behind each row, and behind those cells that have others."""
    index = shown.index.to_frame().to_dict("records")
    found = []
    for says, row in zip(index, shown.to_dict("records"), strict=True):
        whole, cells = behind(says, {}, runs, scale), {}
        for column, cell in row.items():
            ids = behind(says, getattr(cell, "settings", {}), runs, scale)
            if ids != whole:
                cells[column] = ids
        found.append({"row": whole, "cells": cells})
    return found


def _measured(found: pd.DataFrame) -> Any:
    """Which rows hold a number of ours; all, where the table does not say."""
    if "measured" not in found.index.names:
        return pd.Series(True, index=range(len(found))).to_numpy()
    return found.index.get_level_values("measured").to_numpy(dtype=bool)


def _with_others(found: pd.DataFrame, scale: Scale) -> pd.DataFrame:
    """The table with the range of others' published values, and of how many, where there are any."""
    columns = {}
    for attack, checkpoint in product(ATTACKS, ("best", "final")):
        values = [
            independent(PAPERS_DATA[role], method, attack, checkpoint)
            for role, method, _ in found.index
        ]
        if any(values):
            label = attack_label(attack, scale.attack.test_steps)
            columns[f"others {label} {checkpoint}"] = values
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
