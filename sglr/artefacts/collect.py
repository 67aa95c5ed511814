"""From the runs' small files to an artefact's tidy CSVs, and back from these."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from sglr.artefacts import load
from sglr.collected.evidence import EVIDENCE
from sglr.collected.results import read_collected
from sglr.collected.runs import Runs
from sglr.files.again import command_for
from sglr.files.errors import NotYet, UsageError
from sglr.files.records import write_csv
from sglr.files.sums import check_inputs, write_sums
from sglr.plan.plan import Plan


def runs_of(name: str, plan: Plan, folder: Path) -> Runs:
    """Return an artefact's runs below `folder`, results/{scale}."""
    return Runs(plan, tuple(plan.runs_of.get(name, ())), load(name).READS, folder)


def inputs_of(name: str, plan: Plan, folder: Path) -> list[str]:
    """Return the files below `folder`, results/{scale}, that collecting an artefact reads."""
    return [*also_read(name), *runs_of(name, plan, folder).inputs]


def also_read(name: str) -> tuple[str, ...]:
    """Return the files below results/{scale} that an artefact is collected from besides its runs'."""
    return getattr(load(name), "ALSO_READS", ())


def runs_with(file: str, plan: Plan) -> list[str]:
    """Return the ids of the planned runs of which some artefact reads `file`."""
    wanted: dict[str, None] = {}
    for name, runs in plan.artefacts.items():
        if file in load(name).READS:
            wanted |= dict.fromkeys(runs)
    return list(wanted)


def collect(name: str, plan: Plan, results: Path) -> None:
    """Write results/{scale}/collected/*.csv of an artefact from the runs' files below `results`/{scale}.

    A table keeps the rows of a run that is not there yet, without numbers; a figure does without the run. Raises
    NotYet where no run of the artefact is there.
    """
    folder = results / plan.scale.name
    runs = runs_of(name, plan, folder)
    if runs.reads and not runs.done:
        raise NotYet(f"{name}: no run of it is in {folder / 'runs'} yet")
    tables = load(name).collect(runs)
    for file, rows in tables.items():
        write_csv(folder / "collected" / f"{file}.csv", rows)
    written = [f"{file}.csv" for file in tables]
    read = [f"../{path}" for path in (*also_read(name), *runs.used)]
    write_sums(folder / "collected", name, [*written, *read])


def is_collected(name: str, collected: Path) -> bool:
    """Whether every frame of an artefact is there."""
    return all((collected / f"{file}.csv").exists() for file in load(name).COLLECTED)


def collected_names(plan: Plan) -> list[str]:
    """Return the names of all CSVs that are collected for the plan: of its artefacts, and for its claims."""
    return [
        *(file for name in plan.artefacts for file in load(name).COLLECTED),
        *EVIDENCE,
    ]


def frames_of(name: str, collected: Path) -> dict[str, pd.DataFrame]:
    """Return an artefact's collected frames, by name. Raises UsageError where one was not collected, or is damaged."""
    frames = {}
    for file in load(name).COLLECTED:
        path = collected / f"{file}.csv"
        if not path.exists():
            command = command_for(path)
            raise UsageError(f"{path}: no such file; to make it: {command}")
        frames[file] = read_collected(path)
    return frames


def check_collected(names: Iterable[str], plan: Plan, folder: Path) -> None:
    """Raise UsageError where one of the artefacts was collected below `folder` from runs that are not of today's
    settings, or not the same any more. "evidence", the claims' own, may be among them."""
    for name in names:
        if name != "evidence" and is_collected(name, folder / "collected"):
            runs_of(name, plan, folder).check()
        check_inputs(folder / "collected" / f"{name}.sha256")
