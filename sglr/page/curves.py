"""Learning curves and confidence paths of every run, as data for the page's two charts. Imports no torch."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from sglr.files.records import read_csv
from sglr.plan.plan import Plan

Series = dict[str, list]
_QUANTITIES = {  # column of history.csv -> what the page calls it
    "test_robust_accuracy": "robust accuracy, test images (%)",
    "test_natural_accuracy": "natural accuracy, test images (%)",
    "train_accuracy": "accuracy on training images, running (%)",
    "validation_robust_accuracy": "robust accuracy, held-out images (%)",
    "train_loss": "training loss",
    "gradient_norm": "gradient norm, mean over mini-batches",
}


def learning_curves(plan: Plan, folder: Path) -> dict[str, Any]:
    """One variant a quantity, one series a run; the runs of Figure 2 are shown first."""
    histories = _frames(folder, "history.csv")
    variants = [
        {
            "title": title,
            "x": "epoch",
            "y": title,
            "series": _each(histories, partial(_curve, column=column)),
        }
        for column, title in _QUANTITIES.items()
    ]
    peaks = [_peak(run, frame) for run, frame in histories.items()]
    return _chart(plan, list(histories), variants) | _summary(peaks)


def confidence_paths(plan: Plan, folder: Path) -> dict[str, Any]:
    """Confidence when incorrect against confidence when correct, along each run that was measured so."""
    found = _frames(folder, "trajectory.csv")
    axes: dict[str, Any] = {
        "x": "mean confidence when correct (%)",
        "y": "mean confidence when incorrect (%)",
        "range": [-2, 102],
    }
    variants = [
        {
            "title": f"{name} test images",
            **axes,
            "series": _each(found, partial(_path, name=name)),
        }
        for name in ("natural", "adversarial")
    ]
    ends = [_ends(run, frame) for run, frame in found.items()]
    return _chart(plan, list(found), variants) | _summary(ends)


def _summary(rows: list[dict[str, str]]) -> dict[str, Any]:
    """A chart's table, and the run behind each of its rows."""
    behind = [{"row": [row["run"]], "cells": {}} for row in rows]
    return {"summary": rows, "behind": behind}


def _frames(folder: Path, name: str) -> dict[str, pd.DataFrame]:
    return {
        path.parent.name: read_csv(path)
        for path in sorted(folder.glob(f"runs/*/{name}"))
    }


def _chart(
    plan: Plan, runs: list[str], variants: list[dict[str, Any]]
) -> dict[str, Any]:
    shown = [run for run in plan.artefacts["figure2"] if run in runs] or runs[:4]
    return {"runs": runs, "shown": shown, "variants": variants}


def _each(
    frames: dict[str, pd.DataFrame], series: Callable[[pd.DataFrame], Series | None]
) -> dict[str, Series]:
    """Run -> its series, without the runs that have none."""
    return {run: found for run, frame in frames.items() if (found := series(frame))}


def _curve(frame: pd.DataFrame, column: str) -> Series | None:
    known = frame.dropna(subset=[column])
    if known.empty:
        return None
    return {
        "epoch": known["epoch"].tolist(),
        "y": _numbers(known[column], percent="accuracy" in column),
    }


def _path(frame: pd.DataFrame, name: str) -> Series:
    axes = {
        axis: frame[f"{name}_confidence_{word}"]
        for axis, word in (("x", "correct"), ("y", "incorrect"))
    }
    return {
        "epoch": frame["epoch"].tolist(),
        **{axis: _numbers(values, percent=True) for axis, values in axes.items()},
    }


def _numbers(values: pd.Series, *, percent: bool) -> list[float | None]:
    """Four significant digits, or percent with two decimals; None where there was nothing to average."""
    short = [
        round(100 * value, 2) if percent else float(f"{value:.4g}") for value in values
    ]
    return [None if value != value else value for value in short]


def _peak(run: str, frame: pd.DataFrame) -> dict[str, str]:
    """Peak and end of test accuracy: robust, or natural where training was not adversarial."""
    robust = frame["test_robust_accuracy"].notna().any()
    accuracy = (
        100
        * frame.set_index("epoch")[
            "test_robust_accuracy" if robust else "test_natural_accuracy"
        ]
    )
    return {
        "run": run,
        "test accuracy": "robust" if robust else "natural",
        "peak (%)": f"{accuracy.max():.1f}",
        "in epoch": str(accuracy.idxmax()),
        "end (%)": f"{accuracy.iloc[-1]:.1f}",
        "lost": f"{accuracy.max() - accuracy.iloc[-1]:.1f}",
    }


def _ends(run: str, frame: pd.DataFrame) -> dict[str, str]:
    """First and last confidence of a run."""
    row = {
        "run": run,
        "epochs": f"{frame['epoch'].iloc[0]} to {frame['epoch'].iloc[-1]}",
    }
    for name in ("natural", "adversarial"):
        for word in ("correct", "incorrect"):
            values = 100 * frame[f"{name}_confidence_{word}"]
            row[f"{name}, {word} (%)"] = (
                f"{values.iloc[0]:.0f} to {values.iloc[-1]:.0f}"
            )
    return row
