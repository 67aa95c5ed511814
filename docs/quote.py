"""Writes the measured numbers of README.md and docs/*.md again: `python -m docs.quote`.

A quotation is a comment that holds a Jinja template, and below it what the template gives on the committed results:

    <!-- quote: PGD-AT loses {{ loss("at", "pgd20") }} points. -->
    PGD-AT loses 10.7 points.
    <!-- end -->

Edit the template, never the text below it. The names that a template may use are this module's public functions.
"""

import json
import re
import textwrap
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, StrictUndefined

from sglr.claims.words import words_of
from sglr.collected.paired import mean_interval
from sglr.files.records import read_json

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
MINI = ROOT / "results" / "mini"
_QUOTE = re.compile(r"(<!-- quote:?\s(.*?)\s-->\n).*?(<!-- end -->)", flags=re.S)


def loss(method: str, attack: str) -> "Differences":
    """Points that a method loses from its best to its last epoch at mini, seed by seed."""
    return Differences(_headline(method, attack)["loss_difference"])


def gain(method: str, attack: str) -> "Differences":
    """Points that a method ends above PGD-AT at mini, seed by seed."""
    return Differences(_headline(method, attack)["gain_difference"])


def _headline(method: str, attack: str) -> pd.DataFrame:
    rows = pd.read_csv(MINI / "collected" / "headline.csv")
    return rows[(rows["method"] == method) & (rows["attack"] == attack)]


class Differences:
    """Differences of several seeds, in points: the mean, and the ends of its 95 % interval over seeds."""

    def __init__(self, fractions: pd.Series):
        self.mean, self.low, self.high = (
            f"{100 * value:.1f}" for value in mean_interval(fractions)
        )

    def __str__(self) -> str:
        return self.mean


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


def course(run: str) -> str:
    """A row of a table: a run of mini, its highest and its last PGD-10 accuracy on test images, in percent."""
    robust = (
        100 * pd.read_csv(MINI / "runs" / run / "history.csv")["test_robust_accuracy"]
    )
    return f"| `{run}` | {robust.max():.1f} | {robust.iloc[-1]:.1f} |"


def ending(run: str) -> str:
    """A row of a table: a run of mini, natural and PGD-20 accuracy of its last network, in percent."""
    final = read_json(MINI / "runs" / run / "evaluation.json")["checkpoints"]["final"]
    return f"| `{run}` | {100 * final['natural_accuracy']:.1f} | {100 * final['pgd20_accuracy']:.1f} |"


def speed(variant: str, column: str) -> str:
    """One figure of results/benchmark.json, to one decimal."""
    variants = json.loads((ROOT / "results" / "benchmark.json").read_text())["variants"]
    (found,) = [row for row in variants if row["variant"] == variant]
    return f"{found[column]:.1f}"


def stressed(what: str) -> int:
    """How often something was done in results/stress.json, over all its runs."""
    return sum(
        row[what] for row in read_json(ROOT / "results" / "stress.json")["counts"]
    )


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
            gain,
            claim,
            verdict,
            verdicts,
            course,
            ending,
            speed,
            stressed,
            rotten,
            planning,
        )
    }
    environment.globals.update(functions)
    return environment


if __name__ == "__main__":
    for path in PAGES:
        path.write_text(quoted(path.read_text()))
