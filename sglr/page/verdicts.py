"""The claims by verdict and by part of the paper, for the page. Imports no torch."""

from collections import Counter
from typing import Any

from sglr.collected.results import Row

# A word, its sign (colour alone tells nobody anything), and the name that links and styles use.
WORDS = {
    "reproduced": ("✓", "reproduced"),
    "partly": ("◐", "partly"),
    "not reproduced": ("✗", "not-reproduced"),
    "not run": ("–", "not-run"),
}
_PARTS = {
    "Tables 2 and 3": "robust overfitting",
    "Table 2": "methods against each other",
    "Table 3": "refined labels added to PGD-AT and TRADES",
    "Table 4": "r and temperature",
    "Fig. 1": "gradient norm and information in weights",
    "Fig. 2": "learning curves by kind of label",
    "Fig. 3": "confidence",
    "Fig. 4": "memorised label noise",
    "Fig. 5": "features under label noise",
    "Sec. 3.1": "seconds of training",
    "Table 1": "teachers and forward passes",
    "Theory": "propositions, lemma, theorems",
    "Ours": "against averaging weights",
}
_CELLS = "Cells"


def verdicts(claims: list[Row]) -> dict[str, Any]:
    """Counts and groups of the rows of claims.csv; a group's `cells` are those of the paper's tables, by value.

    Cells that were not run stand apart from the counts, as in the ledger's own summary.
    """
    groups = [
        _group(word, [claim for claim in claims if claim["verdict"] == word])
        for word in WORDS
    ]
    total = sum(group["count"] for group in groups)
    judged = sum(group["count"] for group in groups if group["word"] != "not run")
    return {
        "groups": groups,
        "total": total,
        "judged": judged,
        "apart": len(claims) - total,
        "parts": _parts(claims),
    }


def _group(word: str, claims: list[Row]) -> dict[str, Any]:
    sign, name = WORDS[word]
    cells = [claim for claim in claims if claim["judged by"] == "value"]
    others = [claim for claim in claims if claim["judged by"] != "value"]
    count = len(others) if word == "not run" else len(claims)
    return {
        "word": word,
        "sign": sign,
        "name": name,
        "claims": others,
        "cells": cells,
        "count": count,
    }


def _parts(claims: list[Row]) -> list[dict[str, Any]]:
    """How many of each verdict in each part of the paper; the tables' cells are one part where any was judged."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in (*_PARTS, _CELLS)}
    for claim in claims:
        part = _CELLS if claim["judged by"] == "value" else claim["part"]
        counts.setdefault(part, Counter())[claim["verdict"]] += 1
    about = _PARTS | {_CELLS: "of Tables 2 to 4, by value"}
    shown = {
        name: count
        for name, count in counts.items()
        if set(count) - ({"not run"} if name == _CELLS else set())
    }
    return [
        {"name": name, "about": about.get(name, ""), "counts": count}
        for name, count in shown.items()
    ]
