"""Builds the site: `python -m docs.site FOLDER`. The pages are this repository's own; README.md is the first.

A warning, such as a link to no page, ends it with status 1.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from docs.api import write_pages

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("docs", "config", "workflow", "results/mini", "figures")
LINKED = (
    *("CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "CITATION.cff"),
    *("codemeta.json", "pyproject.toml"),
)
MEASURED = shutil.ignore_patterns("runs", "collected", "pilots", "*.zip", "*.html")
STRICTLY = ("-W", "--keep-going", "-q")
CONTENTS = """
```{toctree}
:hidden:
:caption: Use it

docs/pipeline
docs/clusters
docs/faults
docs/networks
config/README
docs/extending
```

```{toctree}
:hidden:
:caption: The science

docs/methods
docs/claims
docs/deviations
results/mini/claims
docs/data
docs/artifact
```

```{toctree}
:hidden:
:caption: The code

api/index
CONTRIBUTING
CHANGELOG
```
"""


def lay_out(folder: Path) -> None:
    """Put the pages where their links expect them, with README.md and a table of contents as index.md."""
    for name in COPIED:
        if (ROOT / name).exists():
            shutil.copytree(ROOT / name, folder / name, ignore=MEASURED)
    for name in LINKED:
        shutil.copy(ROOT / name, folder)
    for path in folder.glob("results/*/tables/*.md"):
        path.write_text(f"---\norphan: true\n---\n# {path.stem}\n\n{path.read_text()}")
    for path in ROOT.glob("results/*.json"):
        shutil.copy(path, folder / "results")
    write_pages(folder / "api")
    (folder / "index.md").write_text((ROOT / "README.md").read_text() + CONTENTS)


def build(site: Path) -> int:
    """Build the site into a folder; return Sphinx's exit status."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lay_out(folder)
        words = (*STRICTLY, "-d", folder / ".doctrees", "-c", ROOT / "docs")
        command = [sys.executable, "-m", "sphinx", *words, folder, site]
        return subprocess.run(list(map(str, command)), check=False).returncode


if __name__ == "__main__":
    sys.exit(build(Path(sys.argv[1])))
