"""The page: one file that holds everything it shows, and loads nothing."""

import base64
import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from plotly.offline import get_plotlyjs

from sglr.artefacts import is_figure, load
from sglr.artefacts.collect import frames_of, is_collected
from sglr.claims.claim import COMPARABLE
from sglr.collected.results import read_manifests, read_rows
from sglr.files.disk import read_bytes, read_text, write_bytes
from sglr.files.sums import check_inputs, check_sums
from sglr.page import curves, origins, tables
from sglr.page.verdicts import verdicts
from sglr.plan.plan import Plan

_HERE = Path(__file__).parent
HEADLINE = "headline"  # the table that stands first
_OF_A_CLAIM = (
    *("id", "kind", "where", "part", "claim", "quantity", "rule", "reason", "verdict"),
    *("why", "value", "unit", "p", "placebo", "by validation", "over seeds", "paper"),
    *("independent", "parts"),
)


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
    manifests = read_manifests(folder)
    shown = [name for name in plan.artefacts if name != HEADLINE]
    charts = {
        "curves": curves.learning_curves(plan, folder),
        "paths": curves.confidence_paths(plan, folder),
    }
    return {
        "scale": plan.scale,
        "comparable": plan.scale.name in COMPARABLE,
        "verdicts": verdicts(read_rows(folder / "claims.csv", _OF_A_CLAIM)),
        "disagreements": read_rows(folder / "claims_paper.csv", ("where", "what")),
        "headline": tables.table(HEADLINE, plan, folder),
        "tables": [
            tables.table(name, plan, folder) for name in shown if not is_figure(name)
        ],
        "others": tables.others(),
        "charts": charts,
        "figures": [
            _figure(name, folder / "collected", figures)
            for name in shown
            if is_figure(name)
        ],
        "origins": origins.origins(plan, folder, manifests),
        "not_run": origins.not_run(plan, manifests, folder),
        "style": read_text(_HERE / "page.css"),
        "script": read_text(_HERE / "page.js"),
        "plotly": get_plotlyjs(),
        "data": _embeddable(charts),
    }


def _figure(name: str, collected: Path, figures: Path) -> dict[str, Any]:
    """A figure as an image inside the page; `image` is empty where it was not drawn."""
    module, path = load(name), figures / f"{name}.svg"
    shown = {
        "name": name,
        "title": module.TITLE,
        "caption": module.CAPTION,
        "image": "",
        "text": "",
    }
    # Drawn once, what it was drawn from may be gone.
    if not path.exists() or not is_collected(name, collected):
        return shown
    text = " ".join(module.describe(frames_of(name, collected)))
    drawn = read_bytes(path)
    check_sums(path, drawn)
    check_inputs(figures / f"{name}.sha256")
    image = "data:image/svg+xml;base64," + base64.b64encode(drawn).decode()
    return shown | {"image": image, "text": text}


def _embeddable(charts: dict[str, Any]) -> str:
    """JSON that can stand inside a script element."""
    drawn = {
        name: {key: chart[key] for key in ("runs", "variants")}
        for name, chart in charts.items()
    }
    return json.dumps(drawn, separators=(",", ":")).replace("<", "\\u003c")
