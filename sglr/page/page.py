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
    manifests = read_manifests(folder, plan.scale)
    ledger = read_ledger(folder / "claims.csv")
    shown = list(plan.artefacts)
    charts = {
        "curves": curves.learning_curves(plan, folder),
        "paths": curves.confidence_paths(plan, folder),
    }
    found = origins.origins(plan, folder, manifests)
    known = {
        "runs": {run["id"]: sources.run_words(run) for run in found["runs"]},
        "commands": sources.commands(plan),
        "judged": sources.claims_command(plan.scale),
    }
    return {
        "scale": plan.scale,
        "comparable": plan.scale.name in COMPARABLE,
        "opening": opening(plan, folder, ledger),
        "verdicts": verdicts(evidence.with_evidence(ledger, plan, folder)),
        "disagreements": read_rows(folder / "claims_paper.csv", ("where", "what")),
        "tables": [
            tables.table(name, plan, folder) for name in shown if not is_figure(name)
        ],
        "others": tables.others(),
        "charts": charts,
        "figures": [
            figure(name, folder / "collected", figures)
            for name in shown
            if is_figure(name)
        ],
        "origins": found,
        "sources": known,
        "not_run": origins.not_run(plan, manifests, folder),
        "style": read_text(_HERE / "page.css"),
        "script": "\n".join(read_text(_HERE / name) for name in _SCRIPTS),
        "data": _embeddable({"charts": _drawn(charts), **known}),
    }


def _drawn(charts: dict[str, Any]) -> dict[str, Any]:
    """What is drawn of the charts; their words stand in the page already."""
    keys = ("runs", "variants")
    return {name: {key: chart[key] for key in keys} for name, chart in charts.items()}


def _embeddable(content: dict[str, Any]) -> str:
    """JSON that can stand inside a script element."""
    return json.dumps(content, separators=(",", ":")).replace("<", "\\u003c")
