"""Drawn and tabulated artefacts as files: PDF, PNG and SVG; CSV, Markdown and LaTeX."""

from os.path import relpath
from pathlib import Path

import pandas as pd

from sglr.artefacts import is_figure, load
from sglr.artefacts.collect import frames_of
from sglr.files.disk import write_bytes
from sglr.files.records import write_csv
from sglr.files.sums import write_sums
from sglr.plan.scales import Scale


def render(name: str, scale: Scale, folder: Path, figures: Path) -> None:
    """Write an artefact from `folder`/collected: a table to `folder`/tables, a figure to `figures`."""
    frames = frames_of(name, folder / "collected")
    if is_figure(name):
        # matplotlib takes a second to import
        from sglr.artefacts.drawing import UNDATED, save

        save(load(name).draw, frames, scale.label, figures / name)
        collected = relpath(folder / "collected", figures)
        drawn_from = [f"{collected}/{file}.csv" for file in frames]
        files = [f"{name}.{ending}" for ending in UNDATED]
        write_sums(figures, name, [*files, *drawn_from])
    else:
        module = load(name)
        write_table(
            module.tabulate(frames, scale),
            module.note(frames, scale),
            scale.label,
            folder / "tables" / name,
        )


def write_table(table: pd.DataFrame, note: str, label: str, path: Path) -> None:
    """Write a table of words as path.csv, .md and .tex; the last two begin with `note`."""
    words = table.reset_index(drop=True).fillna("").astype(str)
    markdown = words.to_markdown(index=False, disable_numparse=True)
    latex = words.to_latex(index=False, escape=True, caption=note)
    write_csv(path.with_suffix(".csv"), words.assign(scale=label))
    write_bytes(path.with_suffix(".md"), f"{note}\n\n{markdown}\n".encode())
    write_bytes(path.with_suffix(".tex"), latex.encode())
