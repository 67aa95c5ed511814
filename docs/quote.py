"""Writes the measured numbers of README.md and docs/*.md again: `python -m docs.quote`.

A quotation is a comment that holds a Jinja template, and below it what the template gives on the committed results:

    <!-- quote: PGD-AT loses {{ loss("at", "pgd20") }} points. -->
    PGD-AT loses 10.7 points.
    <!-- end -->

Edit the template, never the text below it. The names that a template may use are this module's public functions.
"""

import json
import math
import re
import textwrap
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, StrictUndefined
from tabulate import tabulate

from sglr.claims import series
from sglr.claims.words import words_of
from sglr.files.records import read_json
from sglr.methods import METHODS
from sglr.page.ledger import read_ledger
from sglr.page.opening import opening
from sglr.plan.names import ROBUST
from sglr.plan.plan_files import load_plan

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
MINI = ROOT / "results" / "mini"
# What the README quotes of the ledger.
SAMPLE = {
    "overfitting/at/ten_classes": "PGD-AT overfits robustly",
    "table3/gap/ten_classes/sglr_released": "SGLR, released code, loses less than PGD-AT from best to final",
    "table3/gap/ten_classes/sglr": "SGLR, Eq. 8 with r = 0.2, loses less",
    "table4/r/pgd20/T1.5": "robustness rises, then falls with r (T = 1.5)",
    "figure4/ends-higher/r1": "at 40 % label noise SGLR, r = 1, ends above hard labels",
    "worth/sglr_released/early-stopping/natural": "ours: it ends with more natural accuracy than PGD-AT stopped early",
}
_QUOTE = re.compile(r"(<!-- quote:?\s(.*?)\s-->\n).*?(<!-- end -->)", flags=re.S)


class Points:
    """A difference in points: the mean over seeds, and the ends of its 95 % interval."""

    def __init__(self, mean: float, low: float, high: float):
        self.mean, self.low, self.high = (f"{end:.1f}" for end in (mean, low, high))

    def __str__(self) -> str:
        return self.mean


@cache
def result() -> dict[str, Any]:
    """What the page of mini opens with: its sentences' numbers, and its table."""
    return opening(load_plan("mini"), MINI, read_ledger(MINI / "claims.csv"))


def loss(method: str) -> Points:
    """Points of PGD-20 accuracy that a method loses from its best to its last epoch at mini."""
    return Points(*result()["lost"][method][:3])


def more(attack: str) -> Points:
    """Points that SGLR's last epoch (released code) is above PGD-AT stopped early at mini."""
    found = result()["stopped"][attack]
    return Points(found.value, found.low, found.high)


def less(attack: str) -> Points:
    """Points that it is below."""
    found = result()["stopped"][attack]
    return Points(-found.value, -found.high, -found.low)


def accuracies() -> str:
    """The page's first table without deviations: best, final and lost accuracy; the paper's in a row below ours."""
    # A heading is not to be broken within PGD-20.
    groups = [
        name.replace("-", "\N{NON-BREAKING HYPHEN}") for name in result()["groups"]
    ]
    heads = [word for name in groups for word in (f"{name} best", "final", "lost")]
    heads = ["accuracy, %", *_but_natural_loss(heads), "seeds"]
    lines = []
    for paper, rows in groupby(result()["rows"], lambda row: _percents(row, "paper")):
        lines += [
            [row["method"], *_percents(row, "ours"), row["seeds"]] for row in rows
        ]
        lines += [["*the paper*", *paper, ""]] if any(paper) else []
    return tabulate(
        lines,
        headers=heads,
        tablefmt="pipe",
        colalign=["left"] + ["right"] * (len(heads) - 1),
        disable_numparse=True,
    )


def _percents(row: dict[str, Any], whose: str) -> list[str]:
    return _but_natural_loss(
        [re.sub(r" ± [\d.]+", "", cell[whose]) for cell in row["cells"]]
    )


def _but_natural_loss(cells: list[str]) -> list[str]:
    """Without the third: natural accuracy rises to the end, and no attack is in it."""
    return cells[:2] + cells[3:]


def sample() -> str:
    """A table of some claims."""
    head = "| the paper's claim | id | verdict | its weakest part, in points |\n|---|---|---|---|"
    return "\n".join([head, *(claim(name, words) for name, words in SAMPLE.items())])


def claim(name: str, words: str) -> str:
    """A row of a table: what the paper claims, in `words`, and what the ledger of mini says of it."""
    row = _ledger().loc[name]
    return f"| {words} | `{name}` | {row['verdict']} | {words_of(row)['value']} |"


def verdict(name: str) -> str:
    """A claim's name and its verdict at mini."""
    return f"`{name}`: {_ledger().loc[name, 'verdict']}"


def verdicts(word: str = "", kind: str = "empirical") -> int:
    """How many claims of a kind have this verdict at mini; all of the kind without a word."""
    ledger = _ledger()
    wanted = ledger["kind"] == kind
    return int((wanted & (ledger["verdict"] == word)).sum() if word else wanted.sum())


def _ledger() -> pd.DataFrame:
    rows = pd.read_csv(MINI / "claims.csv", dtype=str, keep_default_na=False)
    return rows.set_index("id")


def course(run: str, folder: str = "runs") -> str:
    """A row of a table: a run of mini or a pilot, its highest and last PGD-10 accuracy on test images, in percent."""
    rows = pd.read_csv(MINI / folder / run / "history.csv")
    robust = 100 * rows["test_robust_accuracy"]
    return f"| `{run}` | {robust.max():.1f} | {robust.iloc[-1]:.1f} |"


def ending(run: str) -> str:
    """A row of a table: a run of mini, natural and PGD-20 accuracy of its last network, in percent."""
    final = read_json(MINI / "runs" / run / "evaluation.json")["checkpoints"]["final"]
    return f"| `{run}` | {100 * final['natural_accuracy']:.1f} | {100 * final['pgd20_accuracy']:.1f} |"


def early(method: str, start: float | None) -> str:
    """A row of a table: a method, and the start of its refinement; PGD-20 and AutoAttack, best and last, in percent."""
    rows = pd.read_csv(MINI / "tables" / "table_start.csv")
    begun = rows["start"].isna() if start is None else rows["start"] == start
    found = rows[(rows["method"] == method) & begun].set_index(["checkpoint", "attack"])
    name = METHODS[method].label
    name += "" if start is None else f", from {100 * start:g} % of training on"
    cells = [
        " / ".join(f"{found['mean'][each, attack]:.1f}" for attack in ROBUST)
        for each in ("best", "final")
    ]
    return f"| {name} | {cells[0]} | {cells[1]} |"


def right(run: str) -> str:
    """The portion of a run of mini's training images whose last label names the right class, in percent."""
    rows = pd.read_csv(MINI / "runs" / run / "label_accuracy.csv")
    return f"{100 * rows['label_accuracy'].iloc[-1]:.1f}"


def swing(quantity: str) -> str:
    """Largest over smallest value of a curve of Figure 1 at mini, until the learning rate drops."""
    rows = pd.read_csv(MINI / "collected" / "figure1.csv")
    return f"{math.exp(series.swing(rows, quantity=quantity)):.1f}"


def speed(variant: str, column: str) -> str:
    """One figure of results/benchmark.json, to one decimal."""
    variants = json.loads((ROOT / "results" / "benchmark.json").read_text())["variants"]
    (found,) = [row for row in variants if row["variant"] == variant]
    return f"{found[column]:.1f}"


def stressed(what: str) -> int:
    """How often something was done in results/stress.json, over all its runs: their sum is a row, too."""
    rows = read_json(ROOT / "results" / "stress.json")["counts"]
    (found,) = [row[what] for row in rows if row["run"] == "all"]
    return found


def struck(what: str) -> int:
    """How often results/stress.json's one evaluation was killed, or ended."""
    return read_json(ROOT / "results" / "stress.json")["evaluation"][what]


def rotten(kind: str, what: str) -> int:
    """How often something was found in results/rot.json after faults of a kind, or of "all"."""
    rows = read_json(ROOT / "results" / "rot.json")["counts"]
    (found,) = [row[what] for row in rows if row["kind"] == kind]
    return found


def planning(key: str) -> str:
    """One figure of the last line of results/plan_size.jsonl, the plan with the most seeds."""
    return f"{json.loads((ROOT / 'results' / 'plan_size.jsonl').read_text().splitlines()[-1])[key]:,}"


def quoted(page: str) -> str:
    """The page with every quotation made again."""
    return _QUOTE.sub(
        lambda found: f"{found[1]}{_rendered(found[2])}\n{found[3]}", page
    )


def _rendered(template: str) -> str:
    """What a template gives; a paragraph is wrapped, a table is not."""
    text = _environment().from_string(textwrap.dedent(template)).render()
    return (
        text
        if text.startswith("|")
        else textwrap.fill(" ".join(text.split()), 120, break_on_hyphens=False)
    )


def _environment() -> Environment:
    environment = Environment(undefined=StrictUndefined)
    functions: dict[str, Any] = {
        function.__name__: function
        for function in (
            loss,
            more,
            less,
            accuracies,
            sample,
            claim,
            verdict,
            verdicts,
            course,
            ending,
            early,
            right,
            swing,
            speed,
            stressed,
            struck,
            rotten,
            planning,
        )
    }
    environment.globals.update(functions)
    return environment


if __name__ == "__main__":
    for path in PAGES:
        path.write_text(quoted(path.read_text()))
