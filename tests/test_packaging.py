"""conda users get what pip users get."""

import tomllib

import yaml
from tools import ROOT


def test_environment_yml_equals_pyproject():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    conda = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert conda["dependencies"][-1]["pip"] == project["dependencies"]
