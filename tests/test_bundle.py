"""The archive of a scale: a valid Workflow Run RO-Crate, the same bytes each time, and enough to go on from."""

import json
import os
import shutil
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import rocrate
from rocrate.rocrate import ROCrate
from test_links import links
from tools import ROOT, one_line, output, run, sglr

MINI = ROOT / "results/mini"
RUNS = ("cifar10-at-s0", "cifar10-sglr-s0")
CONTEXT = Path(rocrate.__file__).with_name("data") / "ro-crate.jsonld"


def with_validator() -> Path | None:
    """An interpreter that has the validator: this one, or the tools' own."""
    if find_spec("rocrate_validator"):
        return Path(sys.executable)
    tools = ROOT / ".venv/tools"
    return next(
        (tools / "bin/python" for _ in tools.glob("lib/*/*/rocrate_validator")), None
    )


JUDGE = with_validator()


def lay_out(folder: Path) -> None:
    """Two committed runs with the ledger and tables, a figure, and weights, which have no place in the archive."""
    results = folder / "results/mini"
    for name in (*(f"runs/{name}" for name in RUNS), "collected", "tables"):
        shutil.copytree(MINI / name, results / name)
    for path in (*MINI.glob("claims*"), *MINI.glob("overhead*")):
        shutil.copy(path, results)
    shutil.copytree(ROOT / "figures/mini", folder / "figures/mini")
    for name in (f"runs/{RUNS[0]}/final.safetensors", ".writer", "exported/model.json"):
        (results / name).parent.mkdir(exist_ok=True)
        (results / name).write_text("{}")


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    lay_out(folder)
    assert output(sglr(folder, "bundle", scale="mini")) == "results/mini/bundle.zip\n"
    return folder / "results/mini/bundle.zip"


@pytest.fixture(scope="module")
def unpacked(made, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    zipfile.ZipFile(made).extractall(folder)
    return folder


def test_it_holds_data_tables_figures_ledger_code_and_environment_and_no_weights(made):
    names = set(zipfile.ZipFile(made).namelist())
    assert names >= {
        "results/mini/runs/cifar10-at-s0/manifest.json",
        "results/mini/collected/answers.csv",
        "results/mini/tables/table2.md",
        "results/mini/claims.csv",
        "figures/mini/figure2.svg",
        "config/claims.yaml",
        "requirements.lock",
        "workflow/rules/runs.smk",
        "profiles/default/profile.yaml",
        "sglr/cli.py",
        "CITATION.cff",
    }
    files = {name for name in names if not name.endswith("/")}
    assert not [
        name for name in names if "final.safetensors" in name or "exported" in name
    ]
    assert not [name for name in files if ".writer" in name or "__pycache__" in name]


def test_the_same_files_give_the_same_bytes_whatever_their_times(made, tmp_path):
    lay_out(tmp_path)
    for path in tmp_path.rglob("*"):
        os.utime(path, (10**9, 10**9))
    output(sglr(tmp_path, "bundle", scale="mini"))
    assert (tmp_path / "results/mini/bundle.zip").read_bytes() == made.read_bytes()


def test_its_sums_are_those_of_its_files(unpacked):
    sums = (unpacked / "contents.sha256").read_text().splitlines()
    files = [path for path in unpacked.rglob("*") if path.is_file()]
    assert len(sums) == len(files) - 2  # itself and the description
    output(run(unpacked, "sha256sum", "--check", "--quiet", "contents.sha256"))


def test_every_link_of_its_pages_leads_somewhere_in_it(unpacked):
    pages = [*unpacked.glob("*.md"), *unpacked.glob("docs/*.md")]
    targets = [
        page.parent / place.path
        for page in pages
        for place in map(urlsplit, links(page.read_text()))
        if place.path and not place.scheme
    ]
    assert len(targets) > 50
    assert [target for target in targets if not target.exists()] == []


def test_its_tables_are_written_again_by_the_code_inside(unpacked):
    table = unpacked / "results/mini/tables/table2.md"
    before = table.read_bytes()
    table.unlink()
    output(sglr(unpacked, "draw", "table2", scale="mini", PYTHONPATH=str(unpacked)))
    assert table.read_bytes() == before


def test_the_library_reads_it_and_every_training_says_how_it_was_made(unpacked):
    crate = ROCrate(unpacked)
    assert crate.mainEntity.id == "workflow/Snakefile"
    for entity in crate.data_entities:
        assert (unpacked / entity.id).exists(), entity.id
    ran, *trainings = crate.root_dataset["mentions"]
    assert ran["instrument"] is crate.mainEntity
    assert {each.id for each in ran["result"]} >= {"results/mini/claims.csv"}
    assert [each["name"].split()[2] for each in trainings] == [*RUNS]
    for each in trainings:
        folder = unpacked / each["result"].id
        manifest = json.loads((folder / "manifest.json").read_text())
        assert manifest["run"] in each["name"]
        assert f"commit {manifest['origin']['commit']}," in each["description"]
        seconds = sum(manifest["seconds_per_epoch"])
        assert each["description"].startswith(f"{seconds:.0f} seconds on cpu")


def judged(crate: Path) -> list[str]:
    """What the validator finds, each "SEVERITY check ..."."""
    words = (JUDGE, ROOT / "tests/crate_judge.py", crate, CONTEXT)
    return output(run(crate.parent, *words)).splitlines()


needs_judge = pytest.mark.skipif(
    JUDGE is None, reason="needs roc-validator, which make install brings"
)


@needs_judge
def test_the_validator_finds_a_workflow_run_crate(made):
    found = judged(made)
    assert [line for line in found if not line.startswith("RECOMMENDED")] == []
    # An end time, which no record has; and an address in place of a name, where a file has a path.
    allowed = {"process-run-crate-0.5_8.4", "process-run-crate-0.5_5.1"}
    assert {line.split()[1] for line in found} <= allowed


@needs_judge
def test_the_validator_finds_a_run_without_its_workflow(unpacked, tmp_path):
    shutil.copytree(unpacked, tmp_path / "crate")
    path = tmp_path / "crate/ro-crate-metadata.json"
    path.write_text(path.read_text().replace('"instrument"', '"error"'))
    assert any(line.startswith("REQUIRED") for line in judged(tmp_path / "crate"))


@pytest.mark.parametrize(
    ("gone", "command"),
    [
        ("results/mini/claims.csv", "claims"),
        ("results/mini/tables", "show"),
        ("figures", "show"),
    ],
)
def test_what_is_missing_is_one_line(tmp_path, gone, command):
    lay_out(tmp_path)
    output(run(tmp_path, "rm", "-r", gone))
    done = sglr(tmp_path, "bundle", scale="mini")
    assert one_line(done, f"`sglr {command} --scale mini` writes it")
