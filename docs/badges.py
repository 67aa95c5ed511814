"""Draws the README's badges from what they tell of: `python -m docs.badges`. No service is asked for them."""

import tomllib
from html import escape
from pathlib import Path

from docs.quote import verdicts
from sglr.bundle.citation import citation

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "badges"
_SIGN = 6.6  # width of a letter of 11 pixels, about
SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{name}: {value}">
<title>{name}: {value}</title>
<rect width="{width}" height="20" rx="3" fill="#33475b"/>
<path d="M{left} 0h{right}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-{right}z" fill="#0b6e99"/>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">
<text x="{middle}" y="14">{name}</text>
<text x="{centre}" y="14">{value}</text>
</g>
</svg>
"""


def badges() -> dict[str, str]:
    """Return name -> the content of docs/badges/NAME.svg."""
    python = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "requires-python"
    ]
    counts = [
        f"{verdicts(word)} {word}"
        for word in ("reproduced", "contradicted", "undecided")
    ]
    told = {
        "licence": citation()["license"],
        "python": f"{python.removeprefix('>=')} or newer",
        "version": citation()["version"],
        "claims": ", ".join(counts),
    }
    return {name: _drawn(name, value) for name, value in told.items()}


def _drawn(name: str, value: str) -> str:
    left, right = (round(_SIGN * len(words)) + 14 for words in (name, value))
    places = {"left": left, "right": right - 3, "width": left + right}
    middles = {"middle": left / 2, "centre": left + right / 2}
    return SVG.format(name=escape(name), value=escape(value), **places, **middles)


if __name__ == "__main__":
    for name, content in badges().items():
        (FOLDER / f"{name}.svg").write_text(content)
