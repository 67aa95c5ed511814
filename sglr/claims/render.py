"""The ledger as CSV, Markdown and lines on a terminal."""

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sglr.claims.cells import cells
from sglr.claims.claim import COMPARABLE, KINDS, Claim, stated
from sglr.claims.ledger import Record, judge_all, measured
from sglr.claims.paper import inconsistencies, published
from sglr.claims.statistics import reach
from sglr.claims.verdict import WORDS, Evidence
from sglr.collected.published import published_rows
from sglr.collected.results import Results, read_results
from sglr.files.disk import write_bytes
from sglr.files.records import read_json, write_csv
from sglr.files.shapes import OVERHEAD
from sglr.plan.scales import Scale

_SHORT = ["verdict", "claim", "value", "p corrected", "paper", "why", "id"]
_OURS = ("sglr_released", "at_wa", "at_ls_wa")  # in Table 2, beside the paper's rows


def write(folder: Path, scale: Scale) -> list[str]:
    """Write claims.csv, claims.md and claims_paper.csv into `folder`, results/{scale};
    return the lines to print."""
    results = read_all(folder)
    records = judge_all(claims(results), results, scale.name)
    rows = pd.DataFrame([_row(record, scale) for record in records])
    own = pd.DataFrame([asdict(found) for found in inconsistencies()])
    write_csv(folder / "claims.csv", rows)
    write_csv(folder / "claims_paper.csv", own)
    write_bytes(folder / "claims.md", _markdown(rows, own, scale).encode())
    lines = [
        f"{row.verdict:18} {row.id:42} {row.value}"
        for row in _listed(rows).itertuples()
    ]
    return [*lines, *_summary(rows)]


def read_all(folder: Path) -> Results:
    """Return what was collected below results/{scale}, and the seconds of single steps.

    overhead.json: {"seconds": {name: [seconds of each repetition]}}, the names timed in turn
    in one process.
    """
    results = read_results(folder / "collected")
    timed = folder / "overhead.json"
    if timed.exists():
        results.frames["overhead"] = pd.DataFrame(read_json(timed, OVERHEAD)["seconds"])
    return results


def claims(results: Results) -> list[Claim]:
    """Every claim of the paper, its cells, and one for each method that the plan adds to
    Table 2; each id once."""
    return [*stated(_newcomers(results)), *cells()]


def _newcomers(results: Results) -> tuple[str, ...]:
    """The methods of our Table 2 that neither the paper nor we put there."""
    rows = published_rows()
    known = {*rows[rows["source"] == "paper"]["method"], *_OURS}
    return tuple(name for name in results.methods("table2") if name not in known)


def _row(record: Record, scale: Scale) -> dict[str, Any]:
    claim, parts = record.claim, record.shown
    name = parts.weakest(claim.rule)
    found = parts.measured.get(name)
    tells = reach(found.tests) if found else np.inf
    each = "each value" if len(claim.parts) > 1 else "the value"
    return {
        "id": claim.id,
        "kind": claim.kind,
        "where": claim.where,
        "part": claim.part,
        "claim": claim.text,
        "quantity": claim.quantity,
        "rule": f"{each} is {claim.rule}",
        "reason": claim.reason,
        "verdict": record.word,
        "why": record.why,
        "parts hold": parts.counts(claim.rule) if len(claim.parts) > 1 else "",
        "value": _value(name, found),
        "unit": claim.unit,
        "over": found.basis if found else "",
        "p": _p(record.p),
        "p corrected": _p(record.corrected),
        "could tell": f"{tells:.2g}" if np.isfinite(tells) else "",
        "placebo": record.placebo or "",
        "by validation": _by_validation(record),
        "over seeds": f"± {found.deviation:.2g}" if found and found.deviation else "",
        "paper": claim.paper or _papers(claim, name),
        "independent": claim.independent,
        "parts": "; ".join(
            _value(part, each) for part, each in parts.measured.items() if part
        ),
        "scale": scale.label,
    }


def _value(name: str, found: Evidence | None) -> str:
    if found is None:
        return ""
    number = f"{found.value:.3g}" if found.exact else f"{found.value:+.2f}"
    ends = found.interval
    interval = f" [{ends[0]:+.2f}, {ends[1]:+.2f}]" if ends else ""
    return (f"{name}: " if name else "") + number + interval


def _p(value: float | None) -> str:
    return "" if value is None else f"{value:.2g}"


def _by_validation(record: Record) -> str:
    """The weakest part where the best checkpoint is chosen on held-out images."""
    parts = record.parts.get("validation")
    if not parts or not parts.measured:
        return ""
    name = parts.weakest(record.claim.rule)
    return _value(name, parts.measured[name])


def _papers(claim: Claim, name: str) -> str:
    """The same measure on the paper's own tables, of the part that is shown."""
    found = measured(claim, published())
    chosen = name or found.weakest(claim.rule)
    evidence = found.measured.get(chosen)
    return "" if evidence is None or evidence.exact else f"{evidence.value:+.1f}"


def _listed(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows without the values of the paper where none can be compared."""
    return rows[~((rows["kind"] == "cell") & (rows["verdict"] == "not run"))]


def _summary(rows: pd.DataFrame) -> list[str]:
    """A line for each kind: how many of how many, of each verdict."""
    lines = []
    for kind, words in KINDS.items():
        counts = Counter(rows[rows["kind"] == kind]["verdict"])
        said = ", ".join(f"{counts[word]} {word}" for word in WORDS)
        lines.append(f"{counts.total()} {words}: {said}")
    return lines


def _markdown(rows: pd.DataFrame, own: pd.DataFrame, scale: Scale) -> str:
    parts = [f"# Claims ({scale.label})", "How each word is reached: docs/claims.md."]
    parts.append("\n".join(f"- {line}" for line in _summary(rows)))
    if scale.name not in COMPARABLE:
        parts.append(
            "Not the paper's scale: claims are judged by direction, none by value."
        )
    listed = _listed(rows)
    for kind, words in KINDS.items():
        of_kind = listed[listed["kind"] == kind]
        for word in WORDS:
            found = of_kind[of_kind["verdict"] == word]
            if len(found):
                parts += [f"## {word.capitalize()}: {words}", _table(found[_SHORT])]
    parts += ["## Where the paper's own numbers disagree", _table(own)]
    return "\n\n".join(parts) + "\n"


def _table(rows: pd.DataFrame) -> str:
    return rows.fillna("").astype(str).to_markdown(index=False, disable_numparse=True)
