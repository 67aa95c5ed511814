r"""A printed table as LaTeX, for a paper of two columns: booktabs, and siunitx version 3.

In the preamble: \usepackage{booktabs, siunitx}. A standard deviation stands in brackets, in
units of the last digit: 22.8(2) is 22.8 +- 0.2.
"""

import pandas as pd

from sglr.artefacts.cells import Cell

_ESCAPED = {
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "\\": r"\textbackslash{}",
    "±": r"$\pm$",
}
# Bold numbers need text mode, and the font's series to be kept.
_SETUP = r"\sisetup{mode=text, reset-text-series=false, table-align-text-after=false}"


def to_latex(table: pd.DataFrame, name: str, note: str, beneath: str) -> str:
    """Return the table as a float across both columns; `beneath` says what stands under its numbers."""
    table = table.reset_index(drop=True).fillna("")
    heads: list[str] = []
    if (
        _names(table)[0] == "data"
    ):  # a line above its rows takes less room than a column
        heads, table = list(table.iloc[:, 0]), table.iloc[:, 1:]
    numeric = [
        any(isinstance(cell, Cell) for cell in table.iloc[:, n])
        for n in range(table.shape[1])
    ]
    columns = [
        _format(table.iloc[:, n]) if number else "l" for n, number in enumerate(numeric)
    ]
    lines = [
        r"\begin{table*}[t]",
        r"\centering\footnotesize\setlength{\tabcolsep}{1.7pt}",
        _SETUP,
        rf"\caption{{{_escaped(note)}.}}",
        rf"\label{{tab:{name}}}",
        rf"\begin{{tabular}}{{@{{}}{''.join(columns)}@{{}}}}",
        r"\toprule",
        *_head(table, numeric),
        r"\midrule",
        *_body(table, beneath, heads),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table*}",
    ]
    return "\n".join(lines) + "\n"


def _format(cells: pd.Series) -> str:
    """An S column wide enough for its numbers; with intervals beneath these, a plain one."""
    found = [cell for cell in cells if isinstance(cell, Cell)]
    if any(cell.beneath.startswith("[") for cell in found):
        return "c"
    ours = [cell.number.split(" ")[0] for cell in found if cell.mean is not None]
    texts = ours + [cell.beneath for cell in found if cell.beneath]
    sign = "-" if any(text[0] in "+-" for text in texts) else ""
    digits = max(len(text.lstrip("+-").partition(".")[0]) for text in [*texts, "0"])
    spread = max((len(_units(cell)) for cell in found), default=0)
    error = f"({spread})" if spread else ""
    return f"S[table-format={sign}{digits}.1{error}]"


def _units(cell: Cell) -> str:
    """The deviation in units of the last digit; "" without one."""
    return "" if cell.deviation is None else f"{round(10 * cell.deviation)}"


def _head(table: pd.DataFrame, numeric: list[bool]) -> list[str]:
    """The columns' names, under those of their groups where there are groups."""
    if not isinstance(table.columns, pd.MultiIndex):
        return [_row([_name(name, n) for name, n in zip(table, numeric, strict=True)])]
    groups = [group for group, _ in table.columns]
    above, rules, place = [], [], 0
    for group in dict.fromkeys(groups):
        span = groups.count(group)
        wide = rf"\multicolumn{{{span}}}{{c}}{{{_escaped(group)}}}"
        above += [wide] if group else [""] * span
        if group:
            rules.append(rf"\cmidrule(lr){{{place + 1}-{place + span}}}")
        place += span
    pairs = zip(table.columns, numeric, strict=True)
    names = [_name(name, number) for (_, name), number in pairs]
    return [_row(above), "".join(rules), _row(names)]


def _name(name: object, number: bool) -> str:
    """A column's name; in braces, siunitx takes it for no number."""
    return f"{{{_escaped(str(name))}}}" if number else _escaped(str(name))


def _names(table: pd.DataFrame) -> list[str]:
    """The columns' own names, without their groups'."""
    return [name[-1] if isinstance(name, tuple) else name for name in table]


def _body(table: pd.DataFrame, beneath: str, heads: list[str]) -> list[str]:
    """Each row, and under it what stands beneath its numbers; a new head above its rows."""
    names = _names(table)
    place = names.index("method") if "method" in names else 1
    lines = []
    for n, (_, row) in enumerate(table.iterrows()):
        cells = list(row)
        if heads and (n == 0 or heads[n] != heads[n - 1]):
            head = rf"\multicolumn{{{len(names)}}}{{@{{}}l}}{{\textbf{{{_escaped(heads[n])}}}}}"
            lines += [r"\addlinespace"] * (n > 0) + [_row([head])]
        lines.append(_row([_printed(cell) for cell in cells]))
        under = [_beneath(cell) for cell in cells]
        if any(under):
            under[place] = rf"\quad\textit{{{_escaped(beneath)}}}"
            lines.append(_row(under))
    return lines


def _printed(cell: object) -> str:
    if not isinstance(cell, Cell):
        return _escaped(str(cell))
    if cell.mean is None:
        return "{--}"
    number = cell.number.split(" ")[0]
    units = _units(cell)
    if cell.beneath.startswith("["):
        return number if not cell.best else rf"\textbf{{{number}}}"
    bold = r"\bfseries " if cell.best else ""
    return bold + number + (f"({units})" if units else "")


def _beneath(cell: object) -> str:
    return _escaped(cell.beneath) if isinstance(cell, Cell) else ""


def _row(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"


def _escaped(text: str) -> str:
    return "".join(_ESCAPED.get(sign, sign) for sign in text)
