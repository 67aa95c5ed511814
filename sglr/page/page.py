"""The page: one file that holds everything it shows, and loads nothing. Imports no torch."""

import base64
import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from plotly.offline import get_plotlyjs

from sglr.claims.claim import COMPARABLE
from sglr.files.records import write_bytes
from sglr.page import curves, origins, read, tables
from sglr.page.captions import alternative, caption
from sglr.page.verdicts import verdicts
from sglr.plan.plan import Plan

_HERE = Path(__file__).parent


def write(plan: Plan, folder: Path, figures: Path) -> Path:
    """Write `folder`/report.html from whatever is in `folder`, results/{scale}, and `figures`; return its path."""
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.get_template("page.html").render(_content(plan, folder, figures))
    write_bytes(folder / "report.html", page.encode())
    return folder / "report.html"


def _content(plan: Plan, folder: Path, figures: Path) -> dict[str, Any]:
    manifests = read.manifests(folder)
    charts = {"curves": curves.learning_curves(plan, folder), "paths": curves.confidence_paths(plan, folder)}
    return {
        "scale": plan.scale,
        "comparable": plan.scale.name in COMPARABLE,
        "verdicts": verdicts(read.rows(folder / "claims.csv")),
        "disagreements": read.rows(folder / "claims_paper.csv"),
        "headline": tables.headline(plan, folder),
        "tables": tables.tables(plan, folder),
        "others": tables.others(),
        "charts": charts,
        "figures": [_figure(number, folder / "collected", figures) for number in range(1, 6)],
        "origins": origins.origins(plan, folder, manifests),
        "not_run": origins.not_run(plan, manifests, folder),
        "style": (_HERE / "page.css").read_text(),
        "script": (_HERE / "page.js").read_text(),
        "plotly": get_plotlyjs(),
        "data": _embeddable(charts),
    }


def _figure(number: int, collected: Path, figures: Path) -> dict[str, Any]:
    """A figure as an image inside the page; `image` is empty where it was not drawn."""
    path = figures / f"figure{number}.svg"
    name = f"figure{number}"
    shown = {"name": name, "title": f"Figure {number}", "caption": caption(name), "image": "", "text": ""}
    if path.exists() and (collected / f"{name}.csv").exists():
        image = "data:image/svg+xml;base64," + base64.b64encode(path.read_bytes()).decode()
        shown |= {"image": image, "text": alternative(number, collected)}
    return shown


def _embeddable(charts: dict[str, Any]) -> str:
    """JSON that can stand inside a script element."""
    drawn = {name: {key: chart[key] for key in ("runs", "variants")} for name, chart in charts.items()}
    return json.dumps(drawn, separators=(",", ":")).replace("<", "\\u003c")
