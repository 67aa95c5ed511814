"""The ledger as CSV, Markdown and lines on a terminal."""

from collections import Counter
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sglr.artefacts.collect import collected_names
from sglr.claims.cells import cells
from sglr.claims.claim import COMPARABLE, KINDS, Claim, stated
from sglr.claims.ledger import Record, judge_all, measured
from sglr.claims.paper import inconsistencies
from sglr.claims.published import published
from sglr.claims.statistics import reach
from sglr.claims.verdict import WORDS, Evidence
from sglr.claims.words import interval, words_of
from sglr.collected.published import published_rows
from sglr.collected.results import Results, read_results
from sglr.files.disk import write_bytes
from sglr.files.records import read_json, write_csv
from sglr.files.shapes import OVERHEAD
from sglr.files.sums import write_sums
from sglr.plan.names import LEDGER
from sglr.plan.plan import Plan
from sglr.plan.scales import Scale

_SHORT = ["verdict", "claim", "value", "p corrected", "paper", "why", "id"]  # in words
_OURS = ("sglr_released", "at_wa", "at_ls_wa")  # in Table 2, beside the paper's rows


def write(plan: Plan, folder: Path) -> list[str]:
    """Write claims.csv, claims_parts.csv, claims.md and claims_paper.csv into `folder`,
    results/{scale}; return the lines to print."""
    results, scale = read_all(plan, folder), plan.scale
    records = judge_all(claims(results), results, scale.name)
    rows = pd.DataFrame([_row(record, scale) for record in records])
    own = pd.DataFrame([asdict(found) for found in inconsistencies()])
    counts = ["num_parts", "num_seeds", "num_images"]
    write_csv(folder / "claims.csv", rows.astype(dict.fromkeys(counts, "Int64")))
    write_csv(folder / "claims_parts.csv", _parts(records))
    write_csv(folder / "claims_paper.csv", own)
    write_bytes(folder / "claims.md", _markdown(rows, own, scale).encode())
    write_sums(folder, "claims", [*LEDGER, *_judged(results)])
    lines = [
        f"{row['verdict']:18} {row['id']:42} {words_of(row)['value']}"
        for row in _listed(rows).to_dict("records")
    ]
    return [*lines, *_summary(rows)]


def read_all(plan: Plan, folder: Path) -> Results:
    """Return what was collected below results/{scale}, and the seconds of single steps.

    overhead.json: {"seconds": {name: [seconds of each repetition]}}, the names timed in turn
    in one process.
    """
    results = read_results(folder / "collected", collected_names(plan))
    timed = folder / "overhead.json"
    if timed.exists():
        results.frames["overhead"] = pd.DataFrame(read_json(timed, OVERHEAD)["seconds"])
    return results


def _judged(results: Results) -> list[str]:
    """The files of `read_all`, seen from the ledger; the slash tells them from what is written."""
    return [
        "./overhead.json" if name == "overhead" else f"collected/{name}.csv"
        for name in results.frames
    ]


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
    """A row of claims.csv: words and numbers in columns of their own; `weakest_part` is the part
    whose numbers these are."""
    claim, parts = record.claim, record.shown
    name = parts.weakest(claim.rule)
    found = parts.measured.get(name)
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
        "num_parts": len(claim.parts),
        "part_verdicts": parts.counts(claim.rule) if len(claim.parts) > 1 else "",
        "weakest_part": name,
        **_numbers(found),
        "unit": claim.unit,
        "basis": found.basis if found else "",
        "num_seeds": found.seeds if found and not found.exact else None,
        "num_images": found.images if found else None,
        "p_value": record.p,
        "p_value_corrected": record.corrected,
        "detectable": _detectable(found),
        "placebo_verdict": record.placebo or "",
        **_by_validation(record),
        **_papers(claim, name),
        "independent": claim.independent,
        "all_parts": "; ".join(
            f"{part}: {_words(each)}" for part, each in parts.measured.items() if part
        ),
        "scale": scale.label,
    }


def _parts(records: list[Record]) -> list[dict[str, Any]]:
    """A row for each part of each claim that was measured."""
    rows = []
    for record in records:
        for name, found in record.shown.measured.items():
            low, high = found.interval or (None, None)
            row = {"id": record.claim.id, "part": name, "value": found.value}
            rows.append(row | {"low": low, "high": high, "exact": found.exact})
    return rows


def _numbers(found: Evidence | None) -> dict[str, float | None]:
    """Value, ends of the 95 % interval, and deviation over seeds."""
    low, high = (found.interval if found else None) or (None, None)
    return {
        "value": found.value if found else None,
        "low": low,
        "high": high,
        "standard_deviation": found.deviation if found else None,
    }


def _words(found: Evidence) -> str:
    return interval(found.value, found.interval, exact=found.exact)


def _detectable(found: Evidence | None) -> float | None:
    """The smallest effect that the data could have told from none."""
    tells = reach(found.tests) if found else np.inf
    return tells if np.isfinite(tells) else None


def _by_validation(record: Record) -> dict[str, Any]:
    """The weakest part where the best checkpoint is chosen on held-out images."""
    parts = record.parts.get("validation")
    name = parts.weakest(record.claim.rule) if parts else ""
    found = parts.measured.get(name) if parts else None
    numbers = _numbers(found)
    ends = {f"validation_{key}": numbers[key] for key in ("value", "low", "high")}
    return {"validation_part": name} | ends


def _papers(claim: Claim, name: str) -> dict[str, Any]:
    """What the paper says of it: in words, as its cell, or by the same measure on its own tables."""
    if claim.kind == "cell" and claim.paper:
        with suppress(ValueError):
            return {"paper": "", "paper_value": float(claim.paper)}
    if claim.paper:
        return {"paper": claim.paper, "paper_value": None}
    found = measured(claim, published())
    evidence = found.measured.get(name or found.weakest(claim.rule))
    known = evidence is not None and not evidence.exact
    return {"paper": "", "paper_value": evidence.value if known and evidence else None}


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
    words = pd.DataFrame(map(words_of, listed.to_dict("records")), index=listed.index)
    listed = listed.drop(columns=list(set(words) & set(listed))).join(words)
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
