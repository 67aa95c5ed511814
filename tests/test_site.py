"""The site is built without a warning, has every page and every public function, and its links lead somewhere."""

import importlib
import inspect
import re
import sys
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote

import pytest
from tools import ROOT, output, run

from docs import api
from docs.site import STRICTLY


def with_sphinx() -> Path | None:
    """An interpreter that has Sphinx and the theme: this one, or the site's own."""
    if find_spec("sphinx") and find_spec("furo") and find_spec("myst_parser"):
        return Path(sys.executable)
    own = ROOT / ".venv/site/bin/python"
    return own if own.exists() else None


PYTHON = with_sphinx()
needs_sphinx = pytest.mark.skipif(
    PYTHON is None, reason="needs Sphinx, which make install brings"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    said = output(run(ROOT, PYTHON, "-m", "docs.site", folder))
    assert said == ""
    return folder


@needs_sphinx
def test_it_has_every_page_and_begins_with_the_readme(site):
    title = (ROOT / "README.md").read_text().split("\n")[0].strip("# ")
    assert title in (site / "index.html").read_text()
    pages = [path.stem for path in (ROOT / "docs").glob("*.md")]
    front = (site / "index.html").read_text()
    for name in pages:
        assert f'href="docs/{name}.html"' in front, name
    ledger = (site / "results/mini/claims.html").read_text()
    assert "overfitting/at/ten_classes" in ledger
    assert 'id="sglr.attacks.pgd.pgd"' in (site / "api/attacks.html").read_text()


@needs_sphinx
def test_every_link_within_it_leads_somewhere(site):
    checked = 0
    for page in site.rglob("*.html"):
        for link in re.findall(r'(?:href|src)="([^"#?:]+)["#?]', page.read_text()):
            assert (page.parent / unquote(link)).exists(), f"{page.name}: {link}"
            checked += 1
    assert checked > 1000


@needs_sphinx
def test_a_link_to_no_page_ends_the_build(tmp_path):
    (tmp_path / "index.md").write_text("# A\n\n[b](none.md)\n")
    words = ("-m", "sphinx", *STRICTLY, "-c", ROOT / "docs", tmp_path, tmp_path / "out")
    done = run(tmp_path, PYTHON, *words)
    assert done.returncode == 1 and "none.md" in done.stderr


def test_the_reference_has_every_public_function_with_its_words():
    for room, paths in api.rooms().items():
        page = api.page(room, paths)
        for path in paths:
            parts = path.relative_to(ROOT).with_suffix("").parts
            module = importlib.import_module(".".join(parts).removesuffix(".__init__"))
            for name, each in vars(module).items():
                own = getattr(each, "__module__", "") == module.__name__
                function = inspect.isfunction(inspect.unwrap(each)) or inspect.isclass(
                    each
                )
                if own and function and not name.startswith("_"):
                    assert re.search(rf"}} {name}\b", page), f"{path}: {name}"


def test_a_function_is_described_by_its_signature_and_docstring(tmp_path):
    path = tmp_path / "made_up.py"
    path.write_text(
        '"""Words."""\ndef f(x: int = 1, *, y) -> str:\n    """Return x * `y * 2`."""\n'
    )
    described = list(api._module(path, tmp_path))
    assert described[1:] == [
        "Words.",
        "````{py:function} f(x: int=1, *, y) -> str\n\nReturn x \\* `y * 2`.\n````",
    ]
