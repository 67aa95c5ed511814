"""The ledger as CSV, Markdown and lines on a terminal. Imports no torch."""

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from sglr.claims.cells import cells
from sglr.claims.claim import COMPARABLE, Claim, Record, judge, rule
from sglr.claims.costs import costs
from sglr.claims.curves import curves
from sglr.claims.measures import published
from sglr.claims.noise import noise
from sglr.claims.orderings import newcomers, orderings
from sglr.claims.paper import inconsistencies
from sglr.claims.theory import theory
from sglr.claims.verdict import Evidence
from sglr.collected.results import Results, read_results
from sglr.files.disk import write_bytes
from sglr.files.records import write_csv
from sglr.plan.scales import Scale

_WORDS = ("reproduced", "partly", "not reproduced", "not run")
_SHORT = ["verdict", "claim", "value", "over seeds", "paper", "why", "id"]


def write(folder: Path, scale: Scale) -> list[str]:
    """Write claims.csv, claims.md and claims_paper.csv into `folder`, results/{scale}; return the lines to print."""
    results = read_results(folder / "collected")
    records = [judge(claim, results, scale.name) for claim in claims(results)]
    rows = pd.DataFrame([_row(record, scale) for record in records])
    own = pd.DataFrame([asdict(found) for found in inconsistencies()])
    write_csv(folder / "claims.csv", rows)
    write_csv(folder / "claims_paper.csv", own)
    write_bytes(folder / "claims.md", _markdown(rows, own, scale).encode())
    lines = [
        f"{row.verdict:14} {row.id:40} {row.value}"
        for row in _listed(rows).itertuples()
    ]
    return [*lines, _summary(rows, scale)]


def claims(results: Results) -> list[Claim]:
    """Every checkable claim of the paper, and one for each method that the plan adds to Table 2; each id once."""
    return [
        *orderings(),
        *curves(),
        *noise(),
        *costs(),
        *theory(),
        *cells(),
        *newcomers(results),
    ]


def _row(record: Record, scale: Scale) -> dict[str, Any]:
    claim = record.claim
    name, evidence = record.weakest or ("", None)
    return {
        "id": claim.id,
        "where": claim.where,
        "part": claim.part,
        "claim": claim.text,
        "quantity": claim.quantity,
        "rule": rule(claim),
        "tolerance": claim.margin,
        "reason": claim.reason,
        "judged by": _kind(record, scale),
        "verdict": record.verdict.word,
        "why": record.verdict.why,
        "value": _value(name, evidence),
        "unit": claim.unit,
        "interval over": ""
        if evidence is None or evidence.low is None
        else evidence.basis,
        "seeds": ""
        if evidence is None or evidence.basis == "exact"
        else evidence.seeds,
        "over seeds": ""
        if evidence is None or evidence.deviation is None
        else f"± {evidence.deviation:.2g}",
        "paper": claim.paper or _papers(record),
        "independent": claim.independent,
        "parts": "; ".join(
            _value(part, found) for part, found in record.measured.items() if part
        ),
        "scale": scale.label,
    }


def _kind(record: Record, scale: Scale) -> str:
    if any(found.basis == "exact" for found in record.measured.values()):
        return "exact check"
    if record.claim.by_value:
        return "value"
    return (
        "direction"
        if scale.name in COMPARABLE
        else "direction only, not the paper's scale"
    )


def _value(name: str, evidence: Evidence | None) -> str:
    if evidence is None:
        return ""
    number = (
        f"{evidence.value:.3g}"
        if evidence.basis == "exact"
        else f"{evidence.value:+.2f}"
    )
    interval = (
        "" if evidence.low is None else f" [{evidence.low:+.2f}, {evidence.high:+.2f}]"
    )
    return (f"{name}: " if name else "") + number + interval


def _papers(record: Record) -> str:
    """The same measure, part by part, on the paper's own tables: of the part that is shown, where the paper has it."""
    if record.weakest is None:
        name, evidence = judge(record.claim, published(), "paper").weakest or ("", None)
        return _value(name, evidence)
    found = judge(record.claim, published(), "paper").measured.get(record.weakest[0])
    return "" if found is None or found.basis == "exact" else f"{found.value:+.1f}"


def _listed(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows without the table cells of a scale at which no cell can be compared."""
    return rows[~((rows["judged by"] == "value") & (rows["verdict"] == "not run"))]


def _summary(rows: pd.DataFrame, scale: Scale) -> str:
    """One line: how many of each verdict, and how many claims by value were left out."""
    listed = _listed(rows)
    counts = Counter(listed["verdict"])
    words = ", ".join(f"{counts[word]} {word}" for word in _WORDS)
    return f"{words}; {len(rows) - len(listed)} more by value, not run ({scale.label})"


def _markdown(rows: pd.DataFrame, own: pd.DataFrame, scale: Scale) -> str:
    judged_by = (
        ""
        if scale.name in COMPARABLE
        else " Not the paper's scale: claims are judged by direction only."
    )
    parts = [
        f"# Claims ({scale.label})",
        f"{_summary(rows, scale)}.{judged_by} How: docs/claims.md.",
    ]
    for word in _WORDS:
        listed = _listed(rows)
        listed = listed[listed["verdict"] == word]
        if len(listed):
            parts += [f"## {word.capitalize()}", _table(listed[_SHORT])]
    parts += ["## Where the paper's own numbers disagree", _table(own)]
    return "\n\n".join(parts) + "\n"


def _table(rows: pd.DataFrame) -> str:
    return rows.fillna("").astype(str).to_markdown(index=False, disable_numparse=True)
