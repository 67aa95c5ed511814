"""Data from which the effect was taken out: a measure that still finds it is worth nothing.

A placebo is either another argument of the same measure (hard labels in SGLR's place, a
loss that must fail), or one of these changes of the data.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from sglr.collected.results import Results

DRAWS = 5  # a placebo is reproduced where most of its draws are


def answers_shuffled(results: Results, draw: int) -> Results:
    """Every image's answers are dealt out anew among all networks of the same seed: no
    network is better than another."""
    if "answers" not in results.frames:
        return results
    generator = np.random.default_rng(draw)
    frame = results.frames["answers"].copy()
    frame["images"] = frame["correct"].str.len().fillna(0)
    for _, rows in frame.groupby(["role", "seed", "attack", "images"]):
        dealt = generator.permutation(rows["accuracy"].to_numpy())
        if rows["images"].iloc[0]:
            bits = generator.permuted(_table(rows["correct"]), axis=0)
            dealt = bits.mean(axis=1)
            texts = [f"b{row.tobytes().decode()}" for row in (bits + ord("0"))]
            frame.loc[rows.index, "correct"] = texts
        frame.loc[rows.index, "accuracy"] = dealt
    return replace(results, frames=results.frames | {"answers": frame})


def _table(correct: pd.Series) -> np.ndarray:
    rows = [np.frombuffer(text[1:].encode(), dtype=np.uint8) for text in correct]
    return np.stack(rows) - ord("0")


def epochs_shuffled(results: Results, draw: int) -> Results:
    """The epochs of each seed's curves change places: nothing grows and nothing falls."""
    generator = np.random.default_rng(draw)
    frames = dict(results.frames)
    for name, frame in frames.items():
        if {"epoch", "seed"} <= set(frame) and name != "answers":
            parts = [_moved(part, generator) for _, part in frame.groupby("seed")]
            frames[name] = pd.concat(parts) if parts else frame
    return replace(results, frames=frames)


def _moved(rows: pd.DataFrame, generator: np.random.Generator) -> pd.DataFrame:
    """Epochs at which more is measured change places among themselves."""
    together = rows.groupby("epoch").size()
    new: dict[int, int] = {}
    for _, same in together.groupby(together):
        epochs = same.index.to_numpy()
        new |= dict(zip(epochs, generator.permutation(epochs), strict=True))
    return rows.assign(epoch=rows["epoch"].map(new))


def names_swapped(results: Results, draw: int) -> Results:
    """The methods of each frame get each other's names, the last the first's."""
    frames = dict(results.frames)
    for name, frame in frames.items():
        if "method" in frame and name != "answers":
            methods = list(dict.fromkeys(frame["method"]))
            swapped = dict(zip(methods, reversed(methods), strict=True))
            frames[name] = frame.assign(method=frame["method"].map(swapped))
    return replace(results, frames=frames)


def labels_right(results: Results, draw: int) -> Results:
    """No given label of Figure 4 is wrong: there is none to memorise."""
    right = {"true_portion": 1.0, "untouched_portion": 1.0}
    return _figure4(results, lambda frame: frame.assign(**right))


def curves_sorted(results: Results, draw: int) -> Results:
    """Each curve of Figure 4 has its values in ascending order: nothing falls."""
    return _figure4(results, _ascending)


def _ascending(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.sort_values("epoch", kind="stable")
    curves = frame.groupby(["method", "r", "seed", "split"], dropna=False)
    return frame.assign(accuracy=curves["accuracy"].transform(np.sort))


def _figure4(
    results: Results, change: Callable[[pd.DataFrame], pd.DataFrame]
) -> Results:
    if "figure4" not in results.frames:
        return results
    changed = change(results.frames["figure4"])
    return replace(results, frames=results.frames | {"figure4": changed})


PLACEBOS: dict[str, Callable[[Results, int], Results]] = {
    "answers shuffled": answers_shuffled,
    "epochs shuffled": epochs_shuffled,
    "names swapped": names_swapped,
    "labels right": labels_right,
    "curves sorted": curves_sorted,
}
