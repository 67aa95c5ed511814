"""Drawn and tabulated artefacts as files: PDF, PNG and SVG; CSV, Markdown and LaTeX."""

from collections.abc import Iterable
from os.path import relpath
from pathlib import Path
from types import ModuleType

import pandas as pd

from sglr.artefacts import is_figure, load
from sglr.artefacts.cells import to_markdown
from sglr.artefacts.collect import frames_of
from sglr.artefacts.latex import to_latex
from sglr.artefacts.style import DEFAULT, size_of
from sglr.files.disk import write_bytes
from sglr.files.records import write_csv
from sglr.files.sums import write_sums
from sglr.plan.scales import Scale


def render(
    name: str, scale: Scale, folder: Path, figures: Path, size: str = DEFAULT
) -> None:
    """Write an artefact from `folder`/collected: a table to `folder`/tables, a figure to `figures`.

    A figure of another size than the default has the size in its name.
    """
    module, collected = load(name), folder / "collected"
    frames = frames_of(name, collected)
    if not is_figure(name):
        tables = folder / "tables"
        write_table(module, frames, scale, tables / name)
        written = [f"{name}.{ending}" for ending in ("csv", "md", "tex")]
        _write_sums(tables, name, written, collected, frames)
        return
    # matplotlib takes a second to import
    from sglr.artefacts.drawing import UNDATED, save

    chosen, note = size_of(size), module.note(frames, scale)
    path = figures / (name if size == DEFAULT else f"{name}-{size}")
    save(lambda: module.draw(frames, chosen), note, chosen, path)
    written = [f"{path.name}.{ending}" for ending in UNDATED]
    _write_sums(figures, path.name, written, collected, frames)


def _write_sums(
    folder: Path, name: str, written: list[str], collected: Path, frames: Iterable[str]
) -> None:
    """Write the checksums of an artefact's files, and of the collected ones that they were made of."""
    read = [f"{relpath(collected, folder)}/{file}.csv" for file in frames]
    write_sums(folder, name, [*written, *read])


def write_table(
    module: ModuleType, frames: dict[str, pd.DataFrame], scale: Scale, path: Path
) -> None:
    """Write a table as path.csv, of numbers, and as it is printed as path.md and .tex; these begin with its note."""
    table, note = module.tabulate(frames, scale), module.note(frames, scale)
    beneath = getattr(module, "BENEATH", "")
    latex = to_latex(table, path.name, note, beneath)
    numbers = module.numbers(frames).assign(scale=scale.label)
    write_csv(path.with_suffix(".csv"), numbers)
    write_bytes(path.with_suffix(".md"), f"{note}\n\n{to_markdown(table)}\n".encode())
    write_bytes(path.with_suffix(".tex"), latex.encode())
