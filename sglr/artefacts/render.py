"""Drawn and tabulated artefacts as files: PDF, PNG and SVG; CSV, Markdown and LaTeX."""

from pathlib import Path

import pandas as pd

from sglr.artefacts import is_figure, load
from sglr.artefacts.collect import frames_of
from sglr.artefacts.style import DEFAULT, size_of
from sglr.files.disk import write_bytes
from sglr.files.records import write_csv
from sglr.plan.scales import Scale


def render(
    name: str, scale: Scale, folder: Path, figures: Path, size: str = DEFAULT
) -> None:
    """Write an artefact from `folder`/collected: a table to `folder`/tables, a figure to `figures`.

    A figure of another size than the default has the size in its name.
    """
    frames, module = frames_of(name, folder / "collected"), load(name)
    if is_figure(name):
        from sglr.artefacts.drawing import save  # matplotlib takes a second to import

        chosen, note = size_of(size), module.note(frames, scale)
        path = figures / (name if size == DEFAULT else f"{name}-{size}")
        save(lambda: module.draw(frames, chosen), note, chosen, path)
    else:
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
