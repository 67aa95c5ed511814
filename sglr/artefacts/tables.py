"""Tables 1-4 from collected CSVs: ours beside the paper's values, as CSV, Markdown and LaTeX. Percent only here."""

from itertools import product
from pathlib import Path

import pandas as pd

from sglr.collected.published import published_rows
from sglr.files.records import write_bytes, write_csv
from sglr.methods import METHODS

_ATTACKS = {"natural": "natural", "pgd20": "PGD-20", "autoattack": "AutoAttack"}
_CHECKPOINTS = {"best": "best (test)", "best_validation": "best (validation)", "final": "final"}
_ROLES = {"ten_classes": "cifar10", "hundred_classes": "cifar100"}


def render(number: int, collected: Path, label: str, out: Path) -> None:
    """Write out/table{number}.csv, .md and .tex; the Markdown and LaTeX state the scale's `label`."""
    frame = pd.read_csv(collected / f"table{number}.csv")
    table = _costs(frame) if number == 1 else _grid(frame) if number == 4 else _methods(frame, number)
    text = table.fillna("").astype(str)
    unit = "forward passes of one training step" if number == 1 else "accuracies in percent"
    title = f"Table {number} ({label}); {unit}, paper: the paper's {'count' if number == 1 else 'CIFAR value'}"
    if number in (2, 3):
        title += f"; {_images(frame)}; on fewer images AutoAttack can lie above PGD-20"
    elif number == 4:
        title += f"; {_images(frame[frame['attack'] != 'autoattack'])}"  # runs shared with Table 2 have it, too
    write_table(text, title, label, out / f"table{number}")


def write_table(table: pd.DataFrame, title: str, label: str, path: Path) -> None:
    """Write a table of words as path.csv, .md and .tex; the last two begin with `title`."""
    text = table.astype(str)
    markdown = text.to_markdown(index=False, disable_numparse=True)
    write_csv(path.with_suffix(".csv"), text.assign(scale=label))
    write_bytes(path.with_suffix(".md"), f"{title}\n\n{markdown}\n".encode())
    write_bytes(path.with_suffix(".tex"), _latex(text, title).encode())


def _images(frame: pd.DataFrame) -> str:
    """Words for how many test images each data set's accuracies were measured on; the data sets not run are left out.

    The CSV's natural and PGD-20 accuracies are measured on the same images, AutoAttack's on fewer: it is slow.
    """
    words = []
    for dataset, part in frame.dropna(subset=["num_images"]).groupby("dataset", sort=False):
        slow = part["attack"] == "autoattack"
        words.append(f"{dataset}: natural and PGD-20 on {_counts(part[~slow])} test images")
        words += [f"AutoAttack on {_counts(part[slow])}"] if slow.any() else []
    return ", ".join(words)


def _counts(rows: pd.DataFrame) -> str:
    """The different numbers of images of `rows`, smallest first."""
    return " or ".join(f"{count:.0f}" for count in sorted(rows["num_images"].unique()))


def _costs(frame: pd.DataFrame) -> pd.DataFrame:
    """Table 1: a row for each distillation method, with the names and words that a reader knows."""
    names = frame["method"].map(lambda name: METHODS[name].label if name in METHODS else name.upper())
    words = {True: "yes", False: "no"}
    needs = {name: frame[name].map(words) for name in ("standard_teacher", "adversarial_teacher")}
    return frame.assign(method=names, **needs).rename(columns=lambda name: name.replace("_", " "))


def _methods(frame: pd.DataFrame, number: int) -> pd.DataFrame:
    """Tables 2 and 3: a row for each data set, method and attack."""
    rows = []
    for (dataset, role, method), part in frame.groupby(["dataset", "role", "method"], sort=False):
        paper = _paper(f"table{number}", _ROLES[str(role)], "sglr" if method == "sglr_released" else str(method))
        for attack, name in _ATTACKS.items():
            ours = part[part["attack"] == attack]
            row = {"data": dataset, "method": METHODS[str(method)].label, "accuracy": name}
            row["images"] = f"{ours['num_images'].iloc[0]:.0f}" if len(ours) else ""
            for checkpoint, title in _CHECKPOINTS.items():
                row[title] = percent(ours[ours["checkpoint"] == checkpoint]["accuracy"])
            row["diff"] = percent(_difference(ours))
            for checkpoint in ("best", "final", "diff"):
                row[f"paper {checkpoint}"] = paper.get((attack, checkpoint), "")
            rows.append(row)
    return pd.DataFrame(rows)


def _difference(ours: pd.DataFrame) -> pd.Series:
    """Best (test-selected) minus final, seed by seed; empty where either was not run."""
    wide = ours.pivot(index="seed", columns="checkpoint", values="accuracy")
    wide = wide.reindex(columns=["best", "final"]).dropna()
    return wide["best"] - wide["final"]


def _grid(frame: pd.DataFrame) -> pd.DataFrame:
    """Table 4: a row for each temperature and attack, a column for each r; the final checkpoint."""
    final, published = frame[frame["checkpoint"] == "final"], published_rows()
    published = published[published["artifact"] == "table4"]
    rows = []
    for temperature, attack in product(sorted(frame["temperature"].unique()), ("natural", "pgd20")):
        row = {"temperature": f"{temperature:g}", "accuracy": _ATTACKS[attack]}
        ours, paper = (
            part[(part["temperature"] == temperature) & (part["attack"] == attack)] for part in (final, published)
        )
        for r in sorted(frame["r"].unique()):
            value = paper[paper["r"].round(3) == round(r, 3)]["accuracy_percent"]
            row[f"r={r:g}"] = percent(ours[ours["r"] == r]["accuracy"])
            row[f"paper r={r:g}"] = f"{value.iloc[0]:.1f}" if len(value) else ""
        rows.append(row)
    return pd.DataFrame(rows)


def percent(accuracies: pd.Series) -> str:
    """Return the mean in percent, with the standard deviation where several seeds were run; 'not run' for none."""
    values = 100 * accuracies
    if values.empty:
        return "not run"
    return f"{values.mean():.1f}" + (f" ± {values.std():.1f}" if len(values) > 1 else "")


def _paper(artefact: str, dataset: str, method: str) -> dict[tuple[str, str], str]:
    """The paper's percentages of one row, by attack and checkpoint."""
    rows = published_rows()
    rows = rows[(rows["artifact"] == artefact) & (rows["dataset"] == dataset) & (rows["method"] == method)]
    cells = zip(rows["attack"], rows["checkpoint"], rows["accuracy_percent"], strict=True)
    return {(attack, checkpoint): f"{value:.1f}" for attack, checkpoint, value in cells}


def _latex(text: pd.DataFrame, title: str) -> str:
    """A table whose caption is `title`; special characters escaped."""
    escape = str.maketrans({"%": r"\%", "&": r"\&", "_": r"\_", "#": r"\#", "±": r"$\pm$"})
    lines = [" & ".join(str(cell).translate(escape) for cell in row) + r" \\" for row in text.values]
    head = " & ".join(str(column).translate(escape) for column in text.columns) + r" \\ \hline"
    columns = "l" * len(text.columns)
    caption = rf"\caption{{{title.translate(escape)}}}"
    body = [rf"\begin{{tabular}}{{{columns}}}", head, *lines, r"\end{tabular}"]
    return "\n".join([r"\begin{table}", caption, *body, r"\end{table}", ""])
