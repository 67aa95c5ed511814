"""Writes docs/artifact.md from the ledger of mini and the plan: `python -m docs.artifact`."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pandas as pd

from sglr.artefacts.collect import runs_of
from sglr.bundle.citation import citation
from sglr.claims.verdict import WORDS
from sglr.claims.words import words_of
from sglr.page.cost import cost_sums
from sglr.plan.plan import Plan
from sglr.plan.plan_files import load_plan

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "artifact.md"
MINI = ROOT / "results" / "mini"

# What is read of claims.csv, by our names; `value` is that of the part that says least, with its interval.
COLUMNS = {
    "id": "id",
    "kind": "kind",
    "part": "part",
    "claim": "claim",
    "rule": "rule",
    "value": "value",
    "unit": "unit",
    "over": "basis",
    "why": "why",
    "verdict": "verdict",
}
# Each part of the paper, and the tables and figures whose runs its claims are judged on.
EXPERIMENTS = {
    "Tables 2 and 3": ("table2", "table3"),
    "Table 2": ("table2",),
    "Table 3": ("table3",),
    "Table 4": ("table4",),
    "Fig. 1": ("figure1", "figure5"),
    "Fig. 2": ("figure2",),
    "Fig. 3": ("figure2", "figure3"),
    "Fig. 4": ("figure4",),
    "Fig. 5": ("figure5",),
    "Theory": ("figure2",),
    "Cost": (),
}
HEAD = """\
# Artifact appendix

`python -m docs.artifact` writes this page from [the ledger](../results/mini/claims.md) and the plan; a test compares.

- **What:** a Snakemake workflow and the Python package `sglr`, version {version}, MIT licence.
- **Hardware:** a processor; no GPU for anything on this page. 1 GB of memory a job, 8 GB of disk for the environment.
- **Software:** Linux, Python 3.11 or newer, `git`, `make`, a package index. Every package is pinned in `pyproject.toml`
  and hashed in `requirements.lock`.
- **Data:** scikit-learn's digits, inside its package; CIFAR-10 and CIFAR-100, downloaded and verified, or read from the
  root that `SGLR_DATA` names.
- **Archive:** `sglr bundle --scale mini` packs it as a Workflow Run RO-Crate, for an archive that gives it a DOI.

## In three steps

1. It works. Installs, and builds every table and figure on real digits, in 11 to 33 minutes on two cores:

       make reproduce

2. The claims follow from the committed measurements. Draws every table and figure and judges every claim again, in a
   minute, without training; `git status` then shows no change:

       .venv/bin/sglr show --scale mini
       .venv/bin/sglr claims --scale mini

3. The measurements follow from the code. A run that is there is not made again, so move them away first. The central
   finding alone is {headline}:

       mv results/mini results/mini.committed
       .venv/bin/snakemake --cores 2 mini_headline

   All of the scale is {whole}:

       .venv/bin/snakemake --cores 2 mini

Runs of the same seed give the same bits on the same kind of processor. Elsewhere, or with other seeds, a value should
lie near its interval, the 95 % one over what the table names: images alone, where that is one seed.

## What is claimed

The paper makes {empirical} empirical claims that are stated here ([how each is judged](claims.md)). At mini:
{counts}.

Below they stand by the part of the paper, with the commands that measure what they are judged on. The cost is what
`sglr plan --scale mini` says: processor time of trainings and AutoAttack, so two cores take half. The expected value is
the committed one, of the part of a claim that says least for it. After the commands, `sglr show --scale mini` and `sglr
claims --scale mini` judge what is there. Value and interval follow from those runs alone. The verdict corrects for all
claims that can be judged, and one on a single seed takes from the other methods by how much seeds differ: only the
whole scale gives the words below.
"""
TIMED = "A hundred repetitions of single training steps, methods in turn, in one process: minutes."


def written() -> str:
    """The content of docs/artifact.md."""
    plan, claims = load_plan("mini"), ledger()
    parts = [_head(plan, claims)]
    for part in dict.fromkeys(claims["part"]):
        parts.append(_experiment(part, claims[claims["part"] == part]))
    return "\n\n".join(parts) + "\n"


def ledger() -> pd.DataFrame:
    """The empirical claims of results/mini/claims.csv, words by the names of COLUMNS."""
    found = pd.read_csv(MINI / "claims.csv", dtype=str, keep_default_na=False)
    found["value"] = [words_of(row)["value"] for row in found.to_dict("records")]
    rows = found[[*COLUMNS.values()]].set_axis([*COLUMNS], axis="columns")
    return rows[rows["kind"] == "empirical"]


def _head(plan: Plan, claims: pd.DataFrame) -> str:
    counts = claims["verdict"].value_counts()
    return HEAD.format(
        version=citation()["version"],
        headline=cost({"headline": 1}),
        whole=cost(dict.fromkeys(plan.runs_of, 1)),
        empirical=len(claims),
        counts=", ".join(f"{counts.get(word, 0)} {word}" for word in WORDS),
    ).rstrip()


def seeds_of(name: str) -> tuple[int, int]:
    """How many seeds are committed of a table's or figure's runs: of the one with fewest, and of that with most."""
    runs = runs_of(name, load_plan("mini"), MINI)
    counts = Counter(replace(run, seed=0) for run in runs.done)
    found = [counts[run] for run in runs.planned if run.seed == 0]
    return min(found), max(found)


def steps(part: str) -> dict[str, int]:
    """What to build for a part, with how many seeds; the headline first where only its methods have more."""
    found = {name: seeds_of(name) for name in EXPERIMENTS[part]}
    most = max((high for _, high in found.values()), default=0)
    first = (
        {"headline": most} if any(low < high for low, high in found.values()) else {}
    )
    return first | {name: low for name, (low, _) in found.items()}


def cost(built: dict[str, int]) -> str:
    """What the runs of tables and figures cost with so many seeds, as `sglr plan` says it."""
    runs = {
        name: load_plan("mini", seeds).runs_of[name] for name, seeds in built.items()
    }
    plan = replace(load_plan("mini"), runs_of=runs)
    return cost_sums(plan, MINI / "runs")[0].removesuffix(f" ({plan.scale.label})")


def command(name: str, seeds: int) -> str:
    """The command that builds a table or figure of mini, or its headline, with so many seeds."""
    if name == "headline":
        target = "mini_headline"
    else:
        figure = name.startswith("figure")
        target = (
            f"figures/mini/{name}.png" if figure else f"results/mini/tables/{name}.md"
        )
    seeded = f"--config seeds={seeds} -- " if seeds > 1 else ""
    return f"    .venv/bin/snakemake --cores 2 {seeded}{target}"


def _experiment(part: str, claims: pd.DataFrame) -> str:
    built = steps(part)
    commands = [command(*step) for step in built.items()]
    lines = [
        f"### {part}",
        "",
        *(commands or ["    .venv/bin/snakemake --cores 2 results/mini/overhead.json"]),
        "",
        f"{cost(built)}." if built else TIMED,
        "",
        "| claim | must be | expected | verdict |",
        "|---|---|---|---|",
        *(_row(claim) for _, claim in claims.iterrows()),
    ]
    return "\n".join(lines)


def _row(claim: pd.Series) -> str:
    value = f"{claim['value']} {claim['unit']}, {claim['over']}"
    expected = value if claim["value"] else claim["why"]
    must = claim["rule"].partition(" is ")[2]
    words = (f"{claim['claim']} `{claim['id']}`", must, expected, claim["verdict"])
    return f"| {' | '.join(words)} |"


if __name__ == "__main__":
    PAGE.write_text(written())
