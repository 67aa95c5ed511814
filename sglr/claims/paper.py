"""Where the paper's own numbers disagree with each other or with its text, found in
config/published.csv."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import pandas as pd

from sglr.claims.cells import cell_name, same_method
from sglr.claims.claim import stated
from sglr.claims.ledger import measured
from sglr.collected.published import TABLE1, published_rows
from sglr.collected.results import Results
from sglr.plan.names import PAPERS_DATA

_HALF = 0.05 + 1e-9  # of the last printed digit
_ROW = ["artifact", "dataset", "method", "attack"]


@dataclass(frozen=True)
class Inconsistency:
    """What does not fit, of which kind, where."""

    kind: str
    where: str
    what: str


@cache
def published() -> Results:
    """The paper's Tables 2 to 4 as if they were answers of one seed, none kept by image; both
    variants of SGLR have its rows."""
    rows = published_rows()
    tables_only = rows["artifact"].isin(["table2", "table3", "table4"])
    rows = rows[
        (rows["source"] == "paper") & (rows["checkpoint"] != "diff") & tables_only
    ]
    grid = rows["artifact"] == "table4"
    names = [cell_name(row) for row in rows[grid].to_dict("records")]
    cells = rows["method"].mask(grid, pd.Series(names, index=rows[grid].index))
    roles = {dataset: role for role, dataset in PAPERS_DATA.items()}
    answers = rows.assign(
        cell=cells, role=rows["dataset"].map(roles), correct=None, seed=0
    )
    answers = answers.assign(epoch=0, starts=0, accuracy=rows["accuracy_percent"] / 100)
    released = answers[(rows["method"] == "sglr") & ~grid].assign(cell="sglr_released")
    return Results({"answers": pd.concat([answers[grid], answers[~grid], released])})


def inconsistencies() -> list[Inconsistency]:
    """Everything that the checks find."""
    rows = published_rows()
    ours = rows[rows["source"] == "paper"]
    checks = (
        _differences,
        _no_temperature,
        _raised,
        _main_result,
        _headline,
        _quoted,
        _apart,
    )
    return [found for check in checks for found in check(ours)] + list(_text())


def _rows(paper: pd.DataFrame) -> pd.DataFrame:
    """Best, final and diff of each row and attack of Tables 2 and 3."""
    tables = paper[paper["artifact"].isin(["table2", "table3"])]
    return tables.pivot(
        index=_ROW, columns="checkpoint", values="accuracy_percent"
    ).reset_index()


def _differences(paper: pd.DataFrame) -> Iterator[Inconsistency]:
    """Printed differences that are not best minus final; rounding of three numbers explains 0.1."""
    for row in _rows(paper).to_dict("records"):
        true = row["best"] - row["final"]
        error = abs(true - row["diff"])
        if error > _HALF:
            why = (
                "rounding can explain it"
                if error < 0.1 + _HALF
                else "more than rounding"
            )
            what = f"{row['best']:g} - {row['final']:g} = {true:.1f}, printed {row['diff']:g} ({why})"
            yield Inconsistency("difference", _place(row), what)


def _no_temperature(paper: pd.DataFrame) -> Iterator[Inconsistency]:
    """At r = 0 there is no label to soften, so no temperature, and the cell is plain PGD-AT."""
    grid = paper[(paper["artifact"] == "table4") & (paper["r"] == 0)]
    for attack, part in grid.groupby("attack"):
        values = part.sort_values("temperature")["accuracy_percent"]
        if values.nunique() > 1:
            words = " / ".join(f"{value:g}" for value in values)
            spread = values.max() - values.min()
            yield Inconsistency(
                "r = 0",
                f"table4 {attack}",
                f"{words} over T, though r = 0 has none: {spread:.1f} apart",
            )
        at = _cell(paper, "table2", "at", str(attack), "final")
        if (values - at).abs().max() > _HALF:
            what = f"r = 0 is PGD-AT, whose final value is {at:g} in Table 2; here {values.min():g} to {values.max():g}"
            yield Inconsistency("r = 0", f"table4 {attack}", what)


def _raised(paper: pd.DataFrame) -> Iterator[Inconsistency]:
    """Cells of Table 4 where a higher temperature raises robust accuracy, which the text says it lowers."""
    grid = paper[
        (paper["artifact"] == "table4")
        & (paper["attack"] == "pgd20")
        & (paper["r"] > 0)
    ]
    for r, part in grid.groupby("r"):
        values = part.set_index("temperature")["accuracy_percent"]
        for temperature in values.index[values > values[1.0]]:
            what = f"r = {r:g}: {values[1.0]:g} at T = 1, {values[temperature]:g} at T = {temperature:g}"
            yield Inconsistency(
                "temperature",
                "table4 pgd20",
                f"{what}, though a higher T is said to lower it",
            )


def _main_result(paper: pd.DataFrame) -> Iterator[Inconsistency]:
    """Which cell of Table 4 is Table 2's SGLR row, and which is not."""
    grid = paper[paper["artifact"] == "table4"]
    wide = grid.pivot(
        index=["r", "temperature"], columns="attack", values="accuracy_percent"
    ).reset_index()
    main = {
        attack: _cell(paper, "table2", "sglr", attack, "final")
        for attack in ("natural", "pgd20")
    }
    away = pd.concat(
        [(wide[attack] - value).abs() for attack, value in main.items()], axis=1
    ).max(axis=1)
    if away.min() > _HALF:
        near = wide.iloc[int(away.argmin())]
        what = f"no cell is the main result {main['natural']:g} / {main['pgd20']:g}; the nearest is r = {near['r']:g}, "
        what += (
            f"T = {near['temperature']:g} with {near['natural']:g} / {near['pgd20']:g}"
        )
        yield Inconsistency("main result", "table4", what)


def _headline(paper: pd.DataFrame) -> Iterator[Inconsistency]:
    """The introduction's accuracy and gap, and which method of the tables has which."""
    sentence = paper[paper["artifact"] == "introduction"]
    claimed = dict(
        zip(sentence["checkpoint"], sentence["accuracy_percent"], strict=True)
    )
    table = _rows(paper)
    table = table[(table["attack"] == "pgd20") & (table["dataset"] == "cifar10")]
    have = {
        name: set(table[(table[name] - value).abs() < _HALF]["method"])
        for name, value in claimed.items()
    }
    if len(have) > 1 and not set.intersection(*have.values()):
        words = ", ".join(
            f"{name} {claimed[name]:g}: {' or '.join(sorted(who))}"
            for name, who in have.items()
        )
        yield Inconsistency(
            "headline", "introduction", f"two methods in one sentence: {words}"
        )


def _quoted(paper: pd.DataFrame) -> Iterator[Inconsistency]:
    """Rows whose best and final equal, to the printed digit, another publication's: under that one's attack."""
    for row in _rows(paper).to_dict("records"):
        others = same_method(row["dataset"], row["method"])
        for (source, attack), part in others.groupby(["source", "attack"], sort=False):
            values = part.groupby("checkpoint")["accuracy_percent"].first()
            if not {"best", "final"} <= set(values.index) or _family(
                str(attack)
            ) != _family(row["attack"]):
                continue
            if (
                max(
                    abs(values["best"] - row["best"]),
                    abs(values["final"] - row["final"]),
                )
                < _HALF
            ):
                what = f"{row['best']:g} / {row['final']:g} is {source}'s {values['best']:.2f} / {values['final']:.2f}"
                what += (
                    ""
                    if attack == row["attack"]
                    else f", which is {attack}, not {row['attack']}"
                )
                yield Inconsistency("quoted", _place(row), what)


def _apart(paper: pd.DataFrame) -> Iterator[Inconsistency]:
    """Values of the paper outside the range of at least three independent ones, by more than half a point."""
    for row in paper[paper["artifact"] == "table2"].to_dict("records"):
        others = same_method(row["dataset"], row["method"])
        others = others[
            (others["attack"] == row["attack"])
            & (others["checkpoint"] == row["checkpoint"])
        ]
        values, value = others["accuracy_percent"], row["accuracy_percent"]
        away = max(values.min() - value, value - values.max()) if len(values) > 2 else 0
        if away > 0.5:
            what = f"{value:g}, others {values.min():.1f} to {values.max():.1f} ({len(values)} published)"
            yield Inconsistency("apart", f"{_place(row)} {row['checkpoint']}", what)


def _text() -> Iterator[Inconsistency]:
    """Claims of the text that the paper's own tables do not show, by the ledger's measures."""
    seen = set()
    for claim in stated():
        found = measured(claim, published()).measured
        if claim.kind != "empirical" or not found:
            continue
        short = [
            name for name, each in found.items() if claim.rule.room(each.value) <= 1e-9
        ]
        values = ", ".join(
            f"{name}: {found[name].value:+.1f}".removeprefix(": ") for name in short
        )
        if (
            short and (values, claim.where) not in seen
        ):  # both variants stand beside one row
            seen.add((values, claim.where))
            yield Inconsistency(
                "text", claim.where, f"{claim.text}; its own numbers: {values}"
            )
    forwards = TABLE1["sglr"].forwards
    what = (
        "no extra computational cost; a negligible one in Sec. 3.1, and Table 1 counts "
    )
    yield Inconsistency("text", "Sec. 3.3", f"{what}{forwards} forward passes a step")


def _family(attack: str) -> str:
    return "pgd" if attack.startswith("pgd") else attack


def _place(row: dict) -> str:
    return f"{row['artifact']} {row['dataset']} {row['method']} {row['attack']}"


def _cell(
    paper: pd.DataFrame, artifact: str, method: str, attack: str, checkpoint: str
) -> float:
    wanted = {
        "artifact": artifact,
        "method": method,
        "attack": attack,
        "checkpoint": checkpoint,
    }
    rows = paper[(paper[list(wanted)] == pd.Series(wanted)).all(axis=1)]
    return float(rows["accuracy_percent"].iloc[0])
