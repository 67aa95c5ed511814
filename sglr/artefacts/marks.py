"""Epochs that figures mark: where the learning rate drops, and where labels begin to be refined."""

from typing import Any

import pandas as pd

from sglr.collected.runs import Runs
from sglr.methods.schedules import start_epoch

Row = dict[str, Any]


def collect_marks(runs: Runs) -> list[Row]:
    """Return a row for each method, its r and each epoch to mark."""
    rows: list[Row] = []
    for run in runs.done:
        history = runs.csv(run, "history.csv")
        named = {"method": run.method, "r": history["r"].iloc[0]}
        rate = history.set_index("epoch")["learning_rate"]
        for epoch in rate.index[rate.diff() < 0]:
            rows.append(named | {"event": "learning rate drops", "epoch": epoch})
        start = getattr(run.method_settings(), "start", None)
        if start is not None:
            first = start_epoch(start, len(rate))
            rows.append(named | {"event": "refinement starts", "epoch": first})
    return pd.DataFrame(rows).drop_duplicates().to_dict("records")
