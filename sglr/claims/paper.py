"""Where the paper's own numbers disagree with each other or with its text, found in
config/published.csv."""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from sglr.claims.cells import same_method
from sglr.claims.claim import stated
from sglr.claims.ledger import measured
from sglr.claims.published import published
from sglr.collected.published import TABLE1, published_rows

_HALF = 0.05 + 1e-9  # of the last printed digit
_ROW = ["artifact", "dataset", "method", "attack"]


@dataclass(frozen=True)
class Inconsistency:
    """What does not fit, of which kind, where."""

    kind: str
    where: str
    what: str


def inconsistencies() -> list[Inconsistency]:
    """Everything that the checks find."""
    rows = published_rows()
    paper = rows[rows["source"] == "paper"]
    return [
        *_differences(paper),
        *_no_temperature(paper),
        *_raised(paper),
        *_main_result(paper),
        *_headline(paper),
        *_quoted(paper),
        *_apart(paper),
        *_text(),
    ]


def _rows(paper: pd.DataFrame) -> pd.DataFrame:
    """Best, final and diff of each row and attack of Tables 2 and 3."""
    tables = paper[paper["artifact"].isin(["table2", "table3"])]
    wide = tables.pivot(index=_ROW, columns="checkpoint", values="accuracy_percent")
    return wide.reset_index()


def _differences(paper: pd.DataFrame) -> Iterator[Inconsistency]:
    """Printed differences that are not best minus final; rounding of three numbers explains 0.1."""
    for row in _rows(paper).to_dict("records"):
        best, final, printed = row["best"], row["final"], row["diff"]
        error = abs(best - final - printed)
        if error <= _HALF:
            continue
        rounded = error < 0.1 + _HALF
        why = "rounding can explain it" if rounded else "more than rounding"
        true = f"{best:g} - {final:g} = {best - final:.1f}"
        what = f"{true}, printed {printed:g} ({why})"
        yield Inconsistency("difference", _place(row), what)


def _no_temperature(paper: pd.DataFrame) -> Iterator[Inconsistency]:
    """At r = 0 there is no label to soften, so no temperature, and the cell is plain PGD-AT."""
    grid = paper[(paper["artifact"] == "table4") & (paper["r"] == 0)]
    for attack, part in grid.groupby("attack"):
        values = part.sort_values("temperature")["accuracy_percent"]
        low, high = values.min(), values.max()
        if low < high:
            words = " / ".join(f"{value:g}" for value in values)
            what = f"{words} over T, though r = 0 has none: {high - low:.1f} apart"
            yield Inconsistency("r = 0", f"table4 {attack}", what)
        at = _cell(paper, "table2", "at", str(attack), "final")
        if (values - at).abs().max() > _HALF:
            known = f"r = 0 is PGD-AT, whose final value is {at:g} in Table 2"
            what = f"{known}; here {low:g} to {high:g}"
            yield Inconsistency("r = 0", f"table4 {attack}", what)


def _raised(paper: pd.DataFrame) -> Iterator[Inconsistency]:
    """Cells of Table 4 where a higher temperature raises robust accuracy, which the text says it lowers."""
    grid = paper[(paper["artifact"] == "table4") & (paper["attack"] == "pgd20")]
    for r, part in grid[grid["r"] > 0].groupby("r"):
        values = part.set_index("temperature")["accuracy_percent"]
        cold = values[1.0]
        for temperature, value in values[values > cold].items():
            found = f"{cold:g} at T = 1, {value:g} at T = {temperature:g}"
            what = f"r = {r:g}: {found}, though a higher T is said to lower it"
            yield Inconsistency("temperature", "table4 pgd20", what)


def _main_result(paper: pd.DataFrame) -> Iterator[Inconsistency]:
    """Which cell of Table 4 is Table 2's SGLR row, and which is not."""
    grid, settings = paper[paper["artifact"] == "table4"], ["r", "temperature"]
    cells = grid.pivot(index=settings, columns="attack", values="accuracy_percent")
    natural = _cell(paper, "table2", "sglr", "natural", "final")
    robust = _cell(paper, "table2", "sglr", "pgd20", "final")
    away = (cells[["natural", "pgd20"]] - [natural, robust]).abs().max(axis=1)
    if away.min() > _HALF:
        r, temperature = away.idxmin()
        near = cells.loc[away.idxmin()]
        what = f"no cell is the main result {natural:g} / {robust:g}; the nearest is "
        what += f"r = {r:g}, T = {temperature:g} "
        what += f"with {near['natural']:g} / {near['pgd20']:g}"
        yield Inconsistency("main result", "table4", what)


def _headline(paper: pd.DataFrame) -> Iterator[Inconsistency]:
    """The introduction's accuracy and gap, and which method of the tables has which."""
    sentence = paper[paper["artifact"] == "introduction"]
    claimed = sentence.set_index("checkpoint")["accuracy_percent"]
    table = _rows(paper)
    table = table[(table["attack"] == "pgd20") & (table["dataset"] == "cifar10")]
    have, words = [], []
    for name, value in claimed.items():
        same = (table[name] - value).abs() < _HALF
        have.append(set(table[same]["method"]))
        words.append(f"{name} {value:g}: {' or '.join(sorted(have[-1]))}")
    if len(have) > 1 and not set.intersection(*have):
        what = f"two methods in one sentence: {', '.join(words)}"
        yield Inconsistency("headline", "introduction", what)


def _quoted(paper: pd.DataFrame) -> Iterator[Inconsistency]:
    """Rows whose best and final equal, to the printed digit, another publication's: under that one's attack."""
    for row in _rows(paper).to_dict("records"):
        others = same_method(row["dataset"], row["method"])
        for (source, attack), part in others.groupby(["source", "attack"], sort=False):
            theirs = part.groupby("checkpoint")["accuracy_percent"].first()
            if _family(str(attack)) == _family(row["attack"]) and _same(row, theirs):
                what = f"{row['best']:g} / {row['final']:g} is {source}'s "
                what += f"{theirs['best']:.2f} / {theirs['final']:.2f}"
                if attack != row["attack"]:
                    what += f", which is {attack}, not {row['attack']}"
                yield Inconsistency("quoted", _place(row), what)


def _same(row: dict, theirs: pd.Series) -> bool:
    """Whether others' best and final are, to the printed digit, the row's."""
    away = theirs.reindex(["best", "final"]) - [row["best"], row["final"]]
    return bool((away.abs() < _HALF).all())


def _apart(paper: pd.DataFrame) -> Iterator[Inconsistency]:
    """Values of the paper outside the range of at least three independent ones, by more than half a point."""
    for row in paper[paper["artifact"] == "table2"].to_dict("records"):
        others = same_method(row["dataset"], row["method"])
        others = others[others["attack"] == row["attack"]]
        others = others[others["checkpoint"] == row["checkpoint"]]
        values, value = others["accuracy_percent"], row["accuracy_percent"]
        low, high = values.min(), values.max()
        if len(values) > 2 and not low - 0.5 <= value <= high + 0.5:
            span = f"{low:.1f} to {high:.1f} ({len(values)} published)"
            place = f"{_place(row)} {row['checkpoint']}"
            yield Inconsistency("apart", place, f"{value:g}, others {span}")


def _text() -> Iterator[Inconsistency]:
    """Claims of the text that the paper's own tables do not show, by the ledger's measures."""
    seen = set()
    for claim in stated():
        found = measured(claim, published()).measured
        words = []
        for name, each in found.items():
            if claim.rule.room(each.value) <= 1e-9:
                part = f"{name}: " if name else ""
                words.append(f"{part}{each.value:+.1f}")
        values = ", ".join(words)
        # Both variants stand beside one row.
        known = (values, claim.where) in seen
        if claim.kind == "empirical" and words and not known:
            seen.add((values, claim.where))
            what = f"{claim.text}; its own numbers: {values}"
            yield Inconsistency("text", claim.where, what)
    what = "no extra computational cost; a negligible one in Sec. 3.1, and Table 1 "
    what += f"counts {TABLE1['sglr'].forwards} forward passes a step"
    yield Inconsistency("text", "Sec. 3.3", what)


def _family(attack: str) -> str:
    return "pgd" if attack.startswith("pgd") else attack


def _place(row: dict) -> str:
    return f"{row['artifact']} {row['dataset']} {row['method']} {row['attack']}"


def _cell(
    paper: pd.DataFrame, artifact: str, method: str, attack: str, checkpoint: str
) -> float:
    rows = paper[paper["artifact"] == artifact]
    rows = rows[(rows["method"] == method) & (rows["attack"] == attack)]
    found = rows[rows["checkpoint"] == checkpoint]["accuracy_percent"]
    return float(found.iloc[0])
