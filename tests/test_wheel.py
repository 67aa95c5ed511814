"""The package without its checkout: a wheel, installed into an empty environment, used from an empty folder."""

import json
import shutil
import site
import sys
import tomllib
from pathlib import Path

import pytest
from tools import ROOT, git, one_line, output, run

RUN = "digits-at-s0"
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The `sglr` command of an environment that has the wheel; torch and the like are this environment's."""
    root = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT / "sglr", root / "source/sglr", symlinks=True)
    shutil.copytree(ROOT / "config", root / "source/config")
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / name, root / "source")
    pip, quietly = (sys.executable, "-m", "pip"), ("--quiet", "--no-deps", "--no-index")
    words = ("wheel", *quietly, "--no-build-isolation", "--wheel-dir", root)
    output(run(root, *pip, *words, root / "source"))
    output(run(root, sys.executable, "-m", "venv", "--without-pip", "environment"))
    python = root / "environment/bin/python"
    (wheel,) = root.glob("*.whl")
    output(run(root, *pip, "--python", python, "install", *quietly, wheel))
    (packages,) = root.glob("environment/lib/*/site-packages")
    (packages / "others.pth").write_text("\n".join(site.getsitepackages()))
    return root / "environment/bin/sglr"


def test_a_wheel_trains_and_shows_from_an_empty_folder(installed, tmp_path):
    for words in (
        ("train", RUN),
        ("evaluate", RUN),
        ("show",),
        ("claims",),
        ("report",),
    ):
        output(run(tmp_path, installed, *words, "--scale", "smoke", PYTHONPATH=""))
    page = (tmp_path / "results/smoke/report.html").read_text()
    assert RUN in page and "<style>" in page
    manifest = json.loads(
        (tmp_path / f"results/smoke/runs/{RUN}/manifest.json").read_text()
    )
    assert manifest["origin"]["commit"] is None
    assert {path.name for path in tmp_path.iterdir()} == {"results", "figures"}


def test_a_wheel_takes_a_scale_and_a_plan_by_path(installed, tmp_path):
    (tmp_path / "mine.yaml").write_text("base: smoke\nlabel: mine\n")
    (tmp_path / "plan.yaml").write_text("table2: [{data: ten_classes, method: at}]\n")
    words = ("plan", "--scale", "mine.yaml", "--plan", "plan.yaml")
    assert RUN in output(run(tmp_path, installed, *words, PYTHONPATH=""))
    done = run(tmp_path, installed, "plan", "--scale", "smok", PYTHONPATH="")
    assert one_line(done, "unknown scale 'smok'; did you mean 'smoke'? allowed: digits")


def test_a_wheel_within_somebody_elses_checkout_has_no_commit_of_theirs(
    installed, tmp_path
):
    git(installed.parents[2], "init", "-q")
    git(installed.parents[2], "commit", "-q", "--allow-empty", "-m", "theirs")
    words = (installed.with_name("python"), "-m", "sglr", "--version")
    for command in ((installed, "--version"), words):
        assert output(run(tmp_path, *command, PYTHONPATH="")) == f"sglr {VERSION}\n"


def test_a_checkout_says_version_and_commit_and_whether_its_code_is_changed(tmp_path):
    """Results and figures are what it makes: made again, they change no code."""
    git(tmp_path, "clone", "--quiet", str(ROOT), "clone")
    clone = tmp_path / "clone"
    commit = git(clone, "describe", "--always", "--abbrev=12").strip()
    for file, dirty in (
        ("README.md", "-dirty"),
        ("figures/mini/figure1.svg", ""),
        ("results/mini/claims.md", ""),
        ("sglr/cli.py", "-dirty"),
    ):
        before = (clone / file).read_text()
        (clone / file).write_text(before + "\n")
        said = output(run(clone, sys.executable, "-m", "sglr", "--version"))
        assert said == f"sglr {VERSION} ({commit}{dirty})\n", file
        (clone / file).write_text(before)


def test_what_pip_notes_of_a_commit_is_said(installed, tmp_path):
    (noted,) = installed.parents[1].glob("lib/*/site-packages/*.dist-info")
    before = (noted / "direct_url.json").read_text()
    url = {"url": "https://x/y", "vcs_info": {"vcs": "git", "commit_id": "0123abc" * 5}}
    (noted / "direct_url.json").write_text(json.dumps(url))
    said = output(run(tmp_path, installed, "--version", PYTHONPATH=""))
    (noted / "direct_url.json").write_text(before)
    assert said == f"sglr {VERSION} (0123abc0123a)\n"
