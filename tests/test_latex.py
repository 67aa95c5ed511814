"""The tables' LaTeX: read by a small parser of ours everywhere, and by LaTeX itself where it is installed."""

import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from tools import ROOT, run

from sglr.artefacts.cells import Cell
from sglr.artefacts.latex import to_latex

TABLES = sorted((ROOT / "results/mini/tables").glob("*.tex"))
PAPER = r"""
\documentclass[twocolumn,10pt,letterpaper]{article}
\usepackage[textwidth=6.875in,columnsep=0.3125in]{geometry}
\usepackage{booktabs,siunitx}
\begin{document}
%s
\end{document}
"""
NUMBER = r"(?:\\bfseries )?([+-]?\d+\.\d)(?:\((\d+)\))?"


def body(text: str) -> list[list[str]]:
    """The cells of the rows between \\midrule and \\bottomrule."""
    inside = re.search(r"\\midrule\n(.*)\\bottomrule", text, flags=re.S)[1]
    heads = (r"\addlinespace", r"\multicolumn")
    lines = [line for line in inside.splitlines() if not line.startswith(heads)]
    assert all(line.endswith(r" \\") for line in lines)
    return [[cell.strip() for cell in line[:-3].split(" & ")] for line in lines]


def columns(text: str) -> list[str]:
    layout = re.search(r"\\begin\{tabular\}\{@\{\}(.*)@\{\}\}", text)[1]
    return re.findall(r"S\[[^]]*\]|[lc]", layout)


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_every_row_has_a_cell_a_column_and_every_number_fits_its_column(path):
    text = path.read_text()
    kinds = columns(text)
    assert text.count("{") == text.count("}")
    for row in body(text):
        assert len(row) == len(kinds)
        for cell, kind in zip(row, kinds, strict=True):
            if kind.startswith("S") and cell not in ("", "{--}"):
                number = re.fullmatch(NUMBER, cell)
                sign, digits, spread = re.search(
                    r"=(-?)(\d)\.1(?:\((\d)\))?", kind
                ).groups()
                assert number and (
                    sign or not cell.removeprefix("\\bfseries ").startswith("-")
                )
                assert len(number[1].strip("+-").split(".")[0]) <= int(digits)
                assert len(number[2] or "") <= int(spread or 0)


def test_the_numbers_are_the_csvs():
    """Both were written from the same runs, by different code."""
    folder = ROOT / "results/mini/tables"
    numbers = pd.read_csv(folder / "table3.csv")
    numbers = numbers[numbers["checkpoint"] != "best_validation"]
    rows = body((folder / "table3.tex").read_text())
    ours, paper = rows[::2], rows[1::2]
    wanted = numbers.groupby(["dataset", "method"], sort=False)
    for (_, part), line, theirs in zip(wanted, ours, paper, strict=True):
        for cell, under, (_, row) in zip(
            line[2:], theirs[2:], part.iterrows(), strict=True
        ):
            mean, spread = re.fullmatch(NUMBER, cell).groups()
            assert float(mean) == pytest.approx(row["mean"], abs=0.0501)
            if row["num_seeds"] > 1:
                assert int(spread) / 10 == pytest.approx(
                    row["standard_deviation"], abs=0.0501
                )
            assert float(under) == pytest.approx(row["paper"], abs=1e-9)


def test_words_are_escaped_and_what_was_not_run_is_a_dash():
    table = pd.DataFrame(
        {"method": ["50 % & more_"], "best": [Cell(None, beneath="1.0")]}
    )
    (ours, _) = body(to_latex(table, "t", "a_b", "paper"))
    assert ours == [r"50 \% \& more\_", "{--}"]


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="needs LaTeX with siunitx")
def test_every_table_compiles_in_a_paper_of_two_columns_and_is_no_wider(tmp_path: Path):
    # The list of every network's signs of masked gradients is for the page.
    printed = [path for path in TABLES if path.stem != "masking"]
    text = "\n".join(path.read_text() for path in printed)
    (tmp_path / "paper.tex").write_text(PAPER % text)
    done = run(
        tmp_path, "pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper"
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout, done.stdout[-3000:]
    assert (tmp_path / "paper.pdf").stat().st_size > 0
