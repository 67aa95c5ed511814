"""The claims by verdict, by kind and by part of the paper, for the page. Imports no torch."""

from collections import Counter
from typing import Any

from sglr.claims.claim import KINDS
from sglr.claims.verdict import WORDS
from sglr.collected.results import Row

# A word's sign: colour alone tells nobody anything.
_SIGNS: dict[str, str] = dict(zip(WORDS, "✓✗◐∅–", strict=True))
_PARTS = {
    "Tables 2 and 3": "robust overfitting",
    "Table 2": "methods against each other",
    "Table 3": "refined labels added to PGD-AT and TRADES",
    "Table 4": "r and temperature",
    "Fig. 1": "gradient norm and information in weights",
    "Fig. 2": "learning curves by kind of label",
    "Fig. 3": "confidence and calibration",
    "Fig. 4": "memorised label noise",
    "Fig. 5": "features under label noise",
    "Cost": "seconds of a training step",
    "Table 1": "teachers and forward passes",
    "Theory": "propositions, lemma, theorems",
    "Ours": "against averaged weights and early stopping, and refined earlier",
}
_CELLS = "Cells"


def verdicts(claims: list[Row]) -> dict[str, Any]:
    """Counts by kind, which are never added up, and groups by verdict of the rows of claims.csv; a group's `cells` are
    the values of the paper."""
    groups = [
        _group(word, [row for row in claims if row["verdict"] == word])
        for word in WORDS
    ]
    return {
        "groups": groups,
        "kinds": [_kind(kind, words, claims) for kind, words in KINDS.items()],
        "parts": _parts(claims),
    }


def _group(word: str, claims: list[Row]) -> dict[str, Any]:
    cells = [row for row in claims if row["kind"] == "cell"]
    others = [row for row in claims if row["kind"] != "cell"]
    group = {"word": word, "sign": _SIGNS[word], "name": word.replace(" ", "-")}
    return group | {"claims": others, "cells": cells}


def _kind(kind: str, words: str, claims: list[Row]) -> dict[str, Any]:
    """How many of a kind have each word."""
    counts = Counter(row["verdict"] for row in claims if row["kind"] == kind)
    return {"words": words, "total": counts.total(), "counts": counts}


def _parts(claims: list[Row]) -> list[dict[str, Any]]:
    """How many of each verdict in each part of the paper; its values are one part where any
    was judged."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in (*_PARTS, _CELLS)}
    for claim in claims:
        part = _CELLS if claim["kind"] == "cell" else claim["part"]
        counts.setdefault(part, Counter())[claim["verdict"]] += 1
    about = _PARTS | {_CELLS: "the paper's values"}
    shown = []
    for name, count in counts.items():
        judged = set(count) - ({"not run"} if name == _CELLS else set())
        if judged:
            shown.append({"name": name, "about": about.get(name, ""), "counts": count})
    return shown
