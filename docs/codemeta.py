"""Writes codemeta.json from CITATION.cff and pyproject.toml: `python -m docs.codemeta`."""

import json
import tomllib
from pathlib import Path

from sglr.bundle.citation import citation

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "codemeta.json"


def described() -> str:
    """The content of codemeta.json, CodeMeta 3.0."""
    said = citation()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (paper,) = said["references"]
    content = {
        "@context": "https://w3id.org/codemeta/3.0",
        "@type": "SoftwareSourceCode",
        "name": project["name"],
        "alternateName": said["title"],
        "description": project["description"],
        "version": said["version"],
        "datePublished": said["date-released"],
        "license": f"https://spdx.org/licenses/{said['license']}",
        "codeRepository": said["repository-code"],
        "keywords": said["keywords"],
        "author": [
            {"@type": "Organization", "name": author["name"]}
            for author in said["authors"]
        ],
        "programmingLanguage": "Python",
        "runtimePlatform": f"Python {project['requires-python']}",
        "softwareRequirements": project["dependencies"],
        "developmentStatus": "active",
        "referencePublication": {
            "@type": "ScholarlyArticle",
            "name": paper["title"],
            "datePublished": str(paper["year"]),
        },
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PAGE.write_text(described())
