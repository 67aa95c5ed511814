"""Drawn and tabulated artefacts as files: PDF, PNG and SVG; CSV, Markdown and LaTeX."""

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
    frames, module = frames_of(name, folder / "collected"), load(name)
    if is_figure(name):
        # matplotlib takes a second to import
        from sglr.artefacts.drawing import UNDATED, save

        chosen, note = size_of(size), module.note(frames, scale)
        path = figures / (name if size == DEFAULT else f"{name}-{size}")
        save(lambda: module.draw(frames, chosen), note, chosen, path)
        collected = relpath(folder / "collected", figures)
        drawn_from = [f"{collected}/{file}.csv" for file in frames]
        files = [f"{path.name}.{ending}" for ending in UNDATED]
        write_sums(figures, path.name, [*files, *drawn_from])
    else:
        tables = folder / "tables"
        write_table(module, frames, scale, tables / name)
        files = [f"{name}.{ending}" for ending in ("csv", "md", "tex")]
        made_of = [f"../collected/{file}.csv" for file in frames]
        write_sums(tables, name, [*files, *made_of])


def write_table(
    module: ModuleType, frames: dict[str, pd.DataFrame], scale: Scale, path: Path
) -> None:
    """Write a table as path.csv, of numbers, and as it is printed as path.md and .tex; these begin with its note."""
    table, note = module.tabulate(frames, scale), module.note(frames, scale)
    beneath = getattr(module, "BENEATH", "")
    latex = to_latex(table, path.name, note, beneath)
    write_csv(
        path.with_suffix(".csv"), module.numbers(frames).assign(scale=scale.label)
    )
    write_bytes(path.with_suffix(".md"), f"{note}\n\n{to_markdown(table)}\n".encode())
    write_bytes(path.with_suffix(".tex"), latex.encode())
