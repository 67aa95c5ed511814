"""The site's settings; `make site` builds it."""

from pathlib import Path

import yaml
from pygments.lexers.special import TextLexer
from sphinx.highlighting import lexers

CITED = yaml.safe_load(Path(__file__).parents[1].joinpath("CITATION.cff").read_text())

project, version = "sglr", CITED["version"]
author = CITED["authors"][0]["name"]
copyright = f"{CITED['date-released'].year}, {author}"
html_theme, html_title = "furo", f"{project} {version}"
html_copy_source = False

extensions = ["myst_parser"]
include_patterns = ["*.md", "*/*.md", "results/mini/*.md", "results/mini/tables/*.md"]
myst_heading_anchors = 3
maximum_signature_line_length = 88
lexers["mermaid"] = TextLexer()  # the diagram, as its source
