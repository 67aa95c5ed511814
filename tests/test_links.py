"""Every link of the documents leads to a file and a heading of this repository, or to an address that is well known."""

import re
from urllib.parse import urlsplit

import pytest
from tools import ROOT

PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "config/README.md",
]
LINK = re.compile(r"\]\(([^)\s]+)\)|\b(?:src|href)=\"([^\"]+)\"")
KNOWN = {
    *("arxiv.org", "openaccess.thecvf.com", "github.com", "robustbench.github.io"),
    *(
        "specs.frictionlessdata.io",
        "semver.org",
        "www.acm.org",
        "snakemake.github.io",
        "w3id.org",
    ),
}


def links(text: str) -> list[str]:
    """Where a page's links and pictures lead; what stands in code leads nowhere."""
    text = re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.S)
    return [found[1] or found[2] for found in LINK.finditer(text)]


def headings(text: str) -> set[str]:
    """The anchors of a page's headings, as web pages of repositories name them."""
    titles = re.findall(r"^#+ (.+)$", text, flags=re.M)
    return {
        re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-")
        for title in titles
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    for link in links(page.read_text()):
        place = urlsplit(link)
        if place.scheme:
            assert place.scheme == "https" and place.netloc in KNOWN, link
            continue
        target = (page.parent / place.path) if place.path else page
        assert target.exists() and target.resolve().is_relative_to(ROOT), link
        if place.fragment:
            assert place.fragment in headings(target.read_text()), link


def test_the_pages_have_links_and_a_wrong_one_is_seen(tmp_path):
    assert sum(len(links(page.read_text())) for page in PAGES) > 60
    for wrong in ("[a](none.md)", "[a](#none)", "[a](http://arxiv.org/abs/1)"):
        page = tmp_path / "a.md"
        page.write_text(f"# A\n\n{wrong}\n")
        with pytest.raises(AssertionError):
            test_every_link_leads_somewhere(page)
