"""Each cell of the paper's Tables 2 to 4 as a claim, compared by value."""

import pandas as pd

from sglr.claims.claim import Claim
from sglr.claims.verdict import Rule
from sglr.collected.published import published_rows
from sglr.plan.names import PAPERS_DATA

TOLERANCE = 1.5
REASON = (
    "published reruns of one recipe differ by up to about a point in robust accuracy and "
    "two to three in natural accuracy, seeds of one code base by 0.3 to 0.5"
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
_ROLES = {dataset: role for role, dataset in PAPERS_DATA.items()}


def cells() -> list[Claim]:
    """One claim for each cell; the paper's SGLR rows are compared with both variants."""
    rows = published_rows()
    paper = rows[rows["artifact"].isin(["table2", "table3", "table4"])]
    claims = []
    for row in paper.to_dict("records"):
        both = row["method"] == "sglr" and row["artifact"] != "table4"
        methods = ["sglr", "sglr_released"] if both else [row["method"]]
        claims += [_cell(row, method) for method in methods]
    return claims


def _cell(row: dict, method: str) -> Claim:
    table, attack, checkpoint = row["artifact"], row["attack"], row["checkpoint"]
    name = cell_name(row) if table == "table4" else method
    arguments = {"role": _ROLES[row["dataset"]], "attack": attack, "method": name}
    if checkpoint != "diff":
        arguments["checkpoint"] = checkpoint
    value = row["accuracy_percent"]
    what = "best minus final" if checkpoint == "diff" else f"{checkpoint} checkpoint"
    others = independent(row["dataset"], row["method"], attack, checkpoint)
    return Claim(
        id=f"{table}/{row['dataset']}/{name}/{attack}/{checkpoint}",
        where=f"Table {table[-1]}",
        part="Cells",
        kind="cell",
        text=f"{name} on {row['dataset']}, {attack}, {checkpoint}: {value:g}",
        quantity=f"{attack} accuracy, {what}, mean over seeds",
        measure="lost" if checkpoint == "diff" else "accuracy",
        parts={"": arguments},
        rule=Rule(value - TOLERANCE, value + TOLERANCE),
        reason=REASON,
        placebo={"attack": "pgd20" if attack == "natural" else "natural"},
        paper=f"{value:g}",
        independent="" if table == "table4" else others,
    )


def cell_name(row: dict) -> str:
    """What a cell of Table 4 is called in claims."""
    return f"sglr/{row['r']:g}/{row['temperature']:g}"


def independent(dataset: str, method: str, attack: str, checkpoint: str) -> str:
    """Others' published numbers for a cell, smallest to largest, how many, and the attack
    where it is another."""
    rows = same_method(dataset, method)
    rows = rows[rows["checkpoint"] == checkpoint]
    words = []
    for name in _SIMILAR.get(attack, (attack,)):
        values = rows[rows["attack"] == name]["accuracy_percent"]
        if len(values):
            span = f"{values.min():.1f}"
            span += f" to {values.max():.1f}" if len(values) > 1 else ""
            under = "" if name == attack else f" under {name}"
            words.append(f"{span} ({len(values)}){under}")
    return "; ".join(words)


def same_method(dataset: str, method: str) -> pd.DataFrame:
    """Rows of others' numbers for a method on a data set."""
    rows = published_rows()
    rows = rows[(rows["source"] != "paper") & (rows["dataset"] == dataset)]
    return rows[rows["method"].map(_THEIRS) == method]
