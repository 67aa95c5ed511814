"""The collected frames of a scale, read; where there is none, that is no error but a claim not judged."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from sglr.files.disk import damaged
from sglr.files.errors import UsageError
from sglr.files.records import read_csv, read_json
from sglr.files.settings import unknown
from sglr.files.shapes import ORIGIN
from sglr.methods import METHODS
from sglr.plan.bound import read_manifest
from sglr.plan.names import ROLES
from sglr.plan.plan import find_run
from sglr.plan.scales import Scale

Row = dict[str, str]
_SHOWN = ("run_settings", "seconds_per_epoch", "origin", "engine")


class NotRun(Exception):
    """What a claim needs has not been run; the message says what."""


class NotTestable(Exception):
    """What is there cannot answer the question by construction; the message says why."""


class Answers(NamedTuple):
    """One network under one attack: accuracy in percent; 100 for each image that stayed
    correct and 0 for each other, None where these were not kept; its epoch, and the first
    epoch in which its method departs from its base; why it is evidence for nothing, or ""."""

    percent: float
    correct: np.ndarray | None
    epoch: int
    starts: int
    collapsed: str = ""


@dataclass(frozen=True)
class Results:
    """The frames of results/{scale}/collected, by name.

    `best` is the checkpoint that is meant by "best": chosen on test images, as the paper
    does, or ("best_validation") on held-out ones.
    """

    frames: dict[str, pd.DataFrame]
    best: str = "best"

    def frame(self, name: str) -> pd.DataFrame:
        """The rows of collected/`name`.csv. Raises NotRun where it was not collected or has none."""
        if name not in self.frames or self.frames[name].empty:
            raise NotRun(f"{name} is not collected")
        return self.frames[name]

    def answers(
        self, role: str, attack: str, cell: str, checkpoint: str
    ) -> dict[int, Answers]:
        """Seed -> answers of a run that is called `cell`. Raises NotRun where there is none,
        NotTestable where one collapsed: that of its seeds would say nothing of the others."""
        chosen = self.best if checkpoint == "best" else checkpoint
        found = self._answers.get((role, attack, cell, chosen))
        if found is None:
            raise NotRun(f"{cell} was not run ({ROLES[role]}, {attack}, {chosen})")
        for each in found.values():
            if each.collapsed:
                raise NotTestable(each.collapsed)
        return found

    def cells(self, role: str) -> list[str]:
        """What the evaluated runs of a role are called."""
        names = [cell for place, _, cell, _ in self._answers if place == role]
        return list(dict.fromkeys(names))

    def methods(self, name: str) -> list[str]:
        """The methods of a collected table, in its order; none where it was not collected."""
        frame = self.frames.get(name, pd.DataFrame())
        return list(dict.fromkeys(frame["method"])) if "method" in frame else []

    @cached_property
    def _answers(self) -> dict[tuple[str, ...], dict[int, Answers]]:
        cells: dict[tuple[str, ...], dict[int, Answers]] = {}
        answers = self.frames.get("answers", pd.DataFrame())
        for row in answers.to_dict("records"):
            key = (row["role"], row["attack"], row["cell"], row["checkpoint"])
            seeds = cells.setdefault(key, {})
            seeds[row["seed"]] = _answers_of(row)
        return cells


def testable(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a collected frame. Raises NotTestable where a run among them collapsed."""
    why = list(rows["collapsed"].dropna()) if "collapsed" in rows else []
    if why:
        raise NotTestable("; ".join(dict.fromkeys(why)))
    return rows


def _answers_of(row: dict[Any, Any]) -> Answers:
    """A row of answers.csv, in which an empty cell is no text."""
    bits, why = row["correct"], row.get("collapsed")
    return Answers(
        percent=100 * row["accuracy"],
        correct=_percent_of(bits) if isinstance(bits, str) else None,
        epoch=row["epoch"],
        starts=row["starts"],
        collapsed=why if isinstance(why, str) else "",
    )


def _percent_of(bits: str) -> np.ndarray:
    """The images of "b0110...", 100 for "1", as float32."""
    signs = np.frombuffer(bits[1:].encode(), dtype=np.uint8)
    return 100 * (signs - ord("0")).astype(np.float32)


def read_collected(path: Path) -> pd.DataFrame:
    """Return a collected frame. Raises UsageError where it is damaged or has a method that there is not."""
    frame = read_csv(path)
    for method in frame.get("method", ()):
        if method not in METHODS:
            raise damaged(path, unknown(method, METHODS, "method"))
    return frame


def read_results(collected: Path, names: Iterable[str]) -> Results:
    """Return whatever was collected of these files; what else lies there, no reader has compared with the settings."""
    paths = {name: collected / f"{name}.csv" for name in sorted(names)}
    return Results(
        {name: read_collected(path) for name, path in paths.items() if path.exists()}
    )


def read_rows(path: Path) -> list[Row]:
    """Return the rows of a CSV, cell by cell as written there; none where there is no file.

    Raises UsageError where it is damaged.
    """
    if not path.exists():
        return []
    frame = read_csv(path, dtype=str, na_values=[])
    return frame.to_dict("records")  # type: ignore[return-value]


def read_manifests(folder: Path, scale: Scale) -> dict[str, dict[str, Any]]:
    """Return run id -> manifest of every finished training below `folder`, results/{scale}.

    A folder that has no run's name is somebody's own. Raises UsageError where a manifest is damaged, or not of today's
    settings.
    """
    found = {}
    for path in sorted(folder.glob("runs/*/manifest.json")):
        with suppress(UsageError):
            run = find_run(path.parent.name, scale)
            found[run] = path
    for run, path in found.items():
        read_manifest(path.parent, run, scale)
    return {run.id: read_json(path, ORIGIN) for run, path in found.items()}
