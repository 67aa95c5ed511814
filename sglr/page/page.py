"""The page: one file that holds everything it shows, and loads nothing."""

import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sglr.artefacts import is_figure
from sglr.claims.claim import COMPARABLE
from sglr.collected.results import read_manifests, read_rows
from sglr.files.disk import read_text, write_bytes
from sglr.page import curves, evidence, origins, sources, tables
from sglr.page.figures import figure
from sglr.page.ledger import read_ledger
from sglr.page.opening import opening
from sglr.page.verdicts import verdicts
from sglr.plan.plan import Plan

_HERE = Path(__file__).parent
_SCRIPTS = ("page.js", "sources.js", "tables.js", "charts.js")


def write(plan: Plan, folder: Path, figures: Path) -> Path:
    """Write `folder`/report.html from whatever is in `folder`, results/{scale}, and `figures`; return its path."""
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("page.html").render(_content(plan, folder, figures))
    write_bytes(folder / "report.html", page.encode())
    return folder / "report.html"


def _content(plan: Plan, folder: Path, figures: Path) -> dict[str, Any]:
    """What the template needs, in the order of the page."""
    charts, known = _charts(plan, folder), _sources(plan, folder)
    return {
        "scale": plan.scale,
        "comparable": plan.scale.name in COMPARABLE,
        **_judged(plan, folder),
        **_artefacts(plan, folder, figures),
        "charts": charts,
        **known,
        **_files(),
        "data": _embeddable({"charts": _drawn(charts), **known["sources"]}),
    }


def _judged(plan: Plan, folder: Path) -> dict[str, Any]:
    """The result in short, and every claim with its verdict and evidence."""
    ledger = read_ledger(folder / "claims.csv")
    return {
        "opening": opening(plan, folder, ledger),
        "verdicts": verdicts(evidence.with_evidence(ledger, plan, folder)),
        "disagreements": read_rows(folder / "claims_paper.csv"),
    }


def _artefacts(plan: Plan, folder: Path, figures: Path) -> dict[str, Any]:
    """The plan's tables and figures."""
    drawn = [name for name in plan.artefacts if is_figure(name)]
    written = [name for name in plan.artefacts if name not in drawn]
    return {
        "tables": [tables.table(name, plan, folder) for name in written],
        "others": tables.others(),
        "figures": [figure(name, folder / "collected", figures) for name in drawn],
    }


def _charts(plan: Plan, folder: Path) -> dict[str, Any]:
    """What is drawn in the reader's browser."""
    return {
        "curves": curves.learning_curves(plan, folder),
        "paths": curves.confidence_paths(plan, folder),
    }


def _sources(plan: Plan, folder: Path) -> dict[str, Any]:
    """Where each number comes from, and what was not run."""
    manifests = read_manifests(folder, plan.scale)
    found = origins.origins(plan, folder, manifests)
    return {
        "origins": found,
        "sources": {
            "runs": {run["id"]: sources.run_words(run) for run in found["runs"]},
            "commands": sources.commands(plan),
            "judged": sources.claims_command(plan.scale),
        },
        "not_run": origins.not_run(plan, manifests, folder),
    }


def _files() -> dict[str, str]:
    """The page's style and scripts, which stand in it."""
    return {
        "style": read_text(_HERE / "page.css"),
        "script": "\n".join(read_text(_HERE / name) for name in _SCRIPTS),
    }


def _drawn(charts: dict[str, Any]) -> dict[str, Any]:
    """What is drawn of the charts; their words stand in the page already."""
    keys = ("runs", "variants")
    return {name: {key: chart[key] for key in keys} for name, chart in charts.items()}


def _embeddable(content: dict[str, Any]) -> str:
    """JSON that can stand inside a script element."""
    return json.dumps(content, separators=(",", ":")).replace("<", "\\u003c")
