"""conda users get what pip users get, and every file that names the version names the same."""

import json
import re
import tomllib

import pytest
import yaml
from tools import ROOT

from docs import codemeta
from sglr.bundle import citation
from sglr.files.errors import UsageError

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CITED = yaml.safe_load((ROOT / "CITATION.cff").read_text())


def test_environment_yml_equals_pyproject():
    conda = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert conda["dependencies"][-1]["pip"] == PROJECT["dependencies"]


def test_the_lock_has_every_pin():
    locked = re.findall(
        r"^([\w.-]+==[\w.]+) ", (ROOT / "requirements.lock").read_text(), flags=re.M
    )
    assert set(PROJECT["dependencies"]) <= set(locked)


def test_one_version_and_one_date_everywhere():
    described = json.loads((ROOT / "codemeta.json").read_text())
    version, date = re.findall(
        r"^## ([\d.]+) - ([\d-]+)$", (ROOT / "CHANGELOG.md").read_text(), flags=re.M
    )[0]
    assert PROJECT["version"] == CITED["version"] == described["version"] == version
    assert str(CITED["date-released"]) == described["datePublished"] == date
    assert CITED["repository-code"] == described["codeRepository"]
    assert CITED["license"] == PROJECT["license"]
    assert CITED["abstract"] == PROJECT["description"] == described["description"]


def test_codemeta_is_what_the_command_writes():
    assert codemeta.described() == codemeta.PAGE.read_text(), (
        "python -m docs.codemeta writes it again"
    )


def test_a_citation_without_a_version_is_one_line(tmp_path, monkeypatch):
    text = (ROOT / "CITATION.cff").read_text().replace("\nversion:", "\nvers:")
    (tmp_path / "CITATION.cff").write_text(text)
    monkeypatch.setattr(citation, "CHECKOUT", tmp_path)
    with pytest.raises(UsageError, match="CITATION.cff: key 'version' is missing"):
        citation.citation()
