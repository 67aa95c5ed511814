"""The numbers of claims.csv in words, as the ledger, the page and the README show them."""

from collections.abc import Mapping
from typing import Any

Row = Mapping[str, Any]


def words_of(row: Row) -> dict[str, str]:
    """Return the words of a row of claims.csv, whether its cells are numbers or their texts."""
    return {
        "value": _value(row, "", row["weakest_part"]),
        "p": _number(row["p_value"], ".2g"),
        "p corrected": _number(row["p_value_corrected"], ".2g"),
        "could tell": _number(row["detectable"], ".2g"),
        "by validation": _value(row, "validation_", row["validation_part"]),
        "over seeds": _number(row["standard_deviation"], ".2g", "± "),
        "paper": _paper(row),
    }


def interval(value: float, ends: tuple[float, float] | None, *, exact: bool) -> str:
    """Return a value and its interval: "+1.50 [+0.20, +2.80]"."""
    text = f"{value:.3g}" if exact else f"{value:+.2f}"
    return text + (f" [{ends[0]:+.2f}, {ends[1]:+.2f}]" if ends else "")


def _value(row: Row, prefix: str, part: str) -> str:
    value, low, high = (
        _known(row[f"{prefix}{end}"]) for end in ("value", "low", "high")
    )
    if value is None:
        return ""
    ends = None if low is None or high is None else (low, high)
    text = interval(value, ends, exact=row["basis"] == "exact")
    return f"{part}: {text}" if part and part == part else text


def _paper(row: Row) -> str:
    """What the paper says, else the same measure on its own tables; a cell's value has no sign."""
    said, value = row["paper"], _known(row["paper_value"])
    if said and said == said:
        return str(said)
    if value is None:
        return ""
    return f"{value:g}" if row["kind"] == "cell" else f"{value:+.1f}"


def _number(cell: Any, form: str, before: str = "") -> str:
    value = _known(cell)
    return "" if value is None else f"{before}{value:{form}}"


def _known(cell: Any) -> float | None:
    """A cell as a number; None where it is empty."""
    if cell is None or cell == "":
        return None
    value = float(cell)
    return None if value != value else value
