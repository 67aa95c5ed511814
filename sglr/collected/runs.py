"""The runs of a table or figure as they lie on disk: which there are, and what their small files say."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from sglr.files.disk import damaged
from sglr.files.records import read_csv, read_json
from sglr.files.shapes import BY_NAME
from sglr.plan.bound import (
    check_evaluation,
    check_measurement,
    measured_networks,
    read_manifest,
)
from sglr.plan.plan import Plan
from sglr.plan.runs import Run
from sglr.plan.scales import Scale

FINISHED = "manifest.json"  # a training's last file: without it, it is not at its end
_STAGES = {  # what was measured besides evaluation.json, and by which command
    "trajectory.csv": "trajectory",
    "features.csv": "features",
    "separability.json": "features",
}


@dataclass(frozen=True)
class Runs:
    """The runs of one artefact below `folder`, results/{scale}; `reads` are the files that it takes from each."""

    plan: Plan
    planned: tuple[Run, ...]
    reads: tuple[str, ...]
    folder: Path

    @property
    def scale(self) -> Scale:
        """The scale of all of them."""
        return self.plan.scale

    @cached_property
    def shown(self) -> list[Run]:
        """The planned runs, and the same with any other seed that is complete."""
        found = dict.fromkeys(self.planned)
        for seed in self._seeds():
            same = [replace(run, seed=seed) for run in self.planned]
            found |= dict.fromkeys(run for run in same if self.complete(run))
        return list(found)

    @cached_property
    def done(self) -> list[Run]:
        """Those of the shown runs that are complete."""
        return [run for run in self.shown if self.complete(run)]

    @property
    def inputs(self) -> list[str]:
        """The files of the shown runs, below the folder."""
        return [f"runs/{run.id}/{name}" for run in self.shown for name in self.reads]

    @property
    def used(self) -> list[str]:
        """Those of the inputs that are of complete runs, and so in what is collected."""
        return [f"runs/{run.id}/{name}" for run in self.done for name in self.reads]

    def complete(self, run: Run) -> bool:
        """Whether the run's training is at its end and every file that is read of it is there."""
        return all(self.path(run, name).exists() for name in (FINISHED, *self.reads))

    def check(self) -> None:
        """Raise UsageError where a file that is read of a complete run is damaged or not of today's settings."""
        for run in self.done:
            for name in self.reads:
                read = self.json if name.endswith("json") else self.csv
                read(run, name)

    def _seeds(self) -> list[int]:
        """Every seed of which there is a run, of whatever kind."""
        ends = {path.name.rpartition("-s")[2] for path in self.folder.glob("runs/*")}
        return sorted(int(end) for end in ends if end.isascii() and end.isdigit())

    def path(self, run: Run, name: str) -> Path:
        """Where a file of a run lies."""
        return self.folder / "runs" / run.id / name

    def json(self, run: Run, name: str) -> dict[str, Any]:
        """The content of one of a run's JSON files. Raises UsageError where it is not of today's settings."""
        manifest, path = self.manifest(run), self.path(run, name)
        content = read_json(path, BY_NAME.get(name, dict))
        if name == "evaluation.json":
            check_evaluation(content, manifest, path, self.scale)
        elif stage := _STAGES.get(name):
            check_measurement(stage, path.parent, manifest, self.scale)
        return content

    def manifest(self, run: Run) -> dict[str, Any]:
        """The run's manifest. Raises UsageError where it is not of today's settings."""
        return read_manifest(self.folder / "runs" / run.id, run, self.scale)

    def mark(self, run: Run) -> dict[str, str]:
        """The column that says why a collapsed run is evidence for nothing; no column for one that did not collapse.

        Manifests of before the question was asked say nothing of it.
        """
        reason = self.manifest(run).get("collapsed", "")
        return {"collapsed": f"{run.id} collapsed: {reason}"} if reason else {}

    def csv(self, run: Run, name: str) -> pd.DataFrame:
        """The rows of one of a run's CSV files, with its seed, its method and the method's r."""
        manifest, path = self.manifest(run), self.path(run, name)
        frame = read_csv(path)
        epochs = _epochs(name, manifest)
        if epochs and list(frame["epoch"]) != epochs:
            raise damaged(path, f"its epochs are not the {len(epochs)} of the training")
        if stage := _STAGES.get(name):
            check_measurement(stage, path.parent, manifest, self.scale)
        return frame.assign(
            seed=run.seed,
            method=run.method,
            r=getattr(run.method_settings(), "r", None),
        )


def _epochs(name: str, manifest: dict[str, Any]) -> list[int]:
    """The epochs of which a file has one row each; none of a file that is not by epoch."""
    if name in ("history.csv", "label_accuracy.csv"):
        return list(range(1, manifest["final"]["epoch"] + 1))
    if name == "trajectory.csv":
        return [entry["epoch"] for entry in measured_networks(manifest)]
    return []
