"""Each cell of Tables 2-4, compared by value. Imports no torch."""

from functools import partial

import pandas as pd

from sglr.claims.claim import Claim
from sglr.claims.measures import lost
from sglr.claims.verdict import Evidence, over
from sglr.collected.published import published_rows
from sglr.collected.results import Results
from sglr.plan.names import HUNDRED, TEN

TOLERANCE = 1.5
REASON = (
    "published reruns of one recipe differ by up to about a point in robust accuracy and two to three in natural "
    "accuracy, seeds of one code base by 0.3 to 0.5: 1.5 points hold a rerun, twice that no longer"
)
# How others name what is the same method, on an 18-layer network.
_THEIRS = {
    "AT": "at",
    "PGD-AT": "at",
    "AT (49k)": "at",
    "AT (2 % validation split)": "at",
    "AT (no wd on BN/bias)": "at",
    "AT wd 2e-4 drops 102/154": "at",
    "PGD-AT+TE": "te",
    "PGD-TE (alpha .9 90-150 w 300)": "te",
    "AWP": "awp",
    "AT-AWP .01": "awp",
    "KD-AT-Auto": "kd_at",
    "TRADES": "trades",
    "TRADES b6 200ep": "trades",
    "TRADES b6 (same)": "trades",
}
_SIMILAR = {"pgd20": ("pgd20", "pgd20_0.031", "pgd10")}


def cells() -> list[Claim]:
    """One claim for each cell of the paper's Tables 2-4; its SGLR rows are compared with both of our variants."""
    rows = published_rows()
    paper = rows[rows["artifact"].isin(["table2", "table3", "table4"])]
    claims = []
    for row in paper.to_dict("records"):
        both = row["method"] == "sglr" and row["artifact"] != "table4"
        claims += [
            _cell(row, method)
            for method in (["sglr", "sglr_released"] if both else [row["method"]])
        ]
    return claims


def _cell(row: dict, method: str) -> Claim:
    attack, checkpoint, role = (
        row["attack"],
        row["checkpoint"],
        TEN if row["dataset"] == "cifar10" else HUNDRED,
    )
    grid = row["artifact"] == "table4"
    key = f"sglr/{row['r']:g}/{row['temperature']:g}" if grid else method
    place = f"{row['artifact'][:-1].capitalize()} {row['artifact'][-1]}"
    part = partial(
        _lost if checkpoint == "diff" else _mean, role=role, attack=attack, method=key
    )
    part = part if checkpoint == "diff" else partial(part, checkpoint=checkpoint)
    quantity = (
        "best minus final" if checkpoint == "diff" else f"{checkpoint} checkpoint"
    )
    return Claim(
        id=f"{row['artifact']}/{row['dataset']}/{key}/{attack}/{checkpoint}",
        where=place,
        part="Cells",
        text=f"{key} on {row['dataset']}, {attack}, {checkpoint}: {row['accuracy_percent']:g}",
        quantity=f"{attack} accuracy, {quantity}, mean over seeds",
        parts={"": part},
        reason=REASON,
        margin=TOLERANCE,
        target=row["accuracy_percent"],
        by_value=True,
        paper=f"{row['accuracy_percent']:g}",
        independent=""
        if grid
        else independent(row["dataset"], row["method"], attack, checkpoint),
    )


def _mean(
    results: Results, *, role: str, attack: str, method: str, checkpoint: str
) -> Evidence:
    return over(results.accuracies(role, attack, (method, checkpoint)).values())


def _lost(results: Results, *, role: str, attack: str, method: str) -> Evidence:
    return lost(results, role, attack, method)


def independent(dataset: str, method: str, attack: str, checkpoint: str) -> str:
    """Others' published numbers for a cell, smallest to largest, how many, and the attack where it is another."""
    rows = same_method(dataset, method)
    rows = rows[rows["checkpoint"] == checkpoint]
    words = []
    for name in _SIMILAR.get(attack, (attack,)):
        values = rows[rows["attack"] == name]["accuracy_percent"]
        if len(values):
            span = (
                f"{values.min():.1f}"
                if len(values) == 1
                else f"{values.min():.1f} to {values.max():.1f}"
            )
            words.append(
                span
                + f" ({len(values)})"
                + ("" if name == attack else f" under {name}")
            )
    return "; ".join(words)


def same_method(dataset: str, method: str) -> pd.DataFrame:
    """Rows of others' numbers for a method on a data set."""
    rows = published_rows()
    return rows[
        (rows["source"] != "paper")
        & (rows["dataset"] == dataset)
        & (rows["method"].map(_THEIRS) == method)
    ]
