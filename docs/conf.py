"""The site, by Sphinx: `make site`."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from sglr.bundle.citation import citation  # noqa: E402

project, version = "sglr", citation()["version"]
copyright = f"{citation()['date-released'][:4]}, {citation()['authors'][0]['name']}"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme, html_title = "furo", f"{project} {version}"
