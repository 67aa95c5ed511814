"""docs/extending.md, followed to the letter in a copy of this checkout: what it promises is there."""

import ast
import json
import re
import shutil
import sys
from pathlib import Path

import pandas as pd
import pytest
import tools
from tools import ROOT, copy_checkout, git, one_line, output

from sglr.plan.scale_files import load_scale

GUIDE = (ROOT / "docs/extending.md").read_text()
MINI = ROOT / "results/mini"


def section(heading: str) -> str:
    (found,) = [
        part for part in GUIDE.split("\n## ") if part.startswith(heading + "\n")
    ]
    return found


def follow(recipe: str, root: Path) -> int:
    """Do in `root` what the steps say; return how many there were."""
    step = r"^(New file|In) `([^`]+)`(?:, (before|after) `([^`]+)`)?[^\n]*:\n\n```\w+\n(.*?)```"
    steps = re.findall(step, recipe, flags=re.M | re.S)
    for kind, path, side, line, block in steps:
        file = root / path
        if kind == "New file":
            assert not file.exists()
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block)
        else:
            assert file.read_text().count(f"\n{line}\n") == 1, f"{path}: {line}"
            new = f"\n{block}{line}\n" if side == "before" else f"\n{line}\n{block}"
            file.write_text(file.read_text().replace(f"\n{line}\n", new))
    return len(steps)


def stand_in(runs: Path, name: str, source: str) -> None:
    """Let a committed run pass for another, whose own settings it does not record."""
    no_sums = shutil.ignore_patterns("*.sha256")
    shutil.copytree(MINI / "runs" / source, runs / name, ignore=no_sums)
    path = runs / name / "manifest.json"
    manifest = json.loads(path.read_text()) | {"run": name}
    for key in ("run", "method", "settings"):
        del manifest["run_settings"][key]
    path.write_text(json.dumps(manifest))


@pytest.fixture
def root(tmp_path) -> Path:
    copy_checkout(tmp_path)
    return tmp_path


def run(root: Path, *words: str, **more: str) -> str:
    """This Python in `root`, of which the package is: the folder comes first where Python looks."""
    return output(tools.run(root, sys.executable, *words, **more))


def sglr(root: Path, *words: str, scale: str = "mini") -> str:
    return run(root, "-m", "sglr", *words, "--scale", scale)


def test_a_method_is_a_file_and_a_line(root):
    recipe = section("A method")
    assert follow(recipe, root) == recipe.count("```") / 2 == 2
    (root / "config/scales/mine.yaml").write_text(
        (root / "config/scales/smoke.yaml").read_text()
    )
    assert re.search(r"digits-mixed-s0.*table2", sglr(root, "plan", scale="mine"))
    sglr(root, "train", "digits-mixed-clean_weight0.3-s0", scale="mine")
    history = pd.read_csv(
        root / "results/mine/runs/digits-mixed-clean_weight0.3-s0/history.csv"
    )
    assert (
        len(history) == load_scale("smoke").adversarial.epochs
        and history["train_loss"].notna().all()
    )


def test_a_newcomers_method_has_its_row_its_pair_and_its_verdict(root):
    """Its evaluations stand in for trained ones: they are those of label smoothing."""
    follow(section("A method"), root)
    runs = root / "results/mini/runs"
    for seed in range(2):
        for name, source in (("at", "at"), ("mixed", "ls")):
            stand_in(runs, f"cifar10-{name}-s{seed}", f"cifar10-{source}-s{seed}")
    for command in ("show", "claims", "report"):
        sglr(root, command)
    table = pd.read_csv(root / "results/mini/tables/table2.csv").set_index("method")
    assert table.loc["mixed", "mean"].notna().all()
    ledger = pd.read_csv(root / "results/mini/claims.csv").set_index("id")
    assert ledger.loc["newcomer/mixed", "verdict"] in ("undecided", "reproduced")
    assert ledger.loc["newcomer/mixed", "basis"].startswith("2 seeds x")
    assert (
        "clean and adversarial ends above PGD-AT"
        in (root / "results/mini/report.html").read_text()
    )


@pytest.mark.parametrize(
    ("heading", "name"), [("A figure", "figure6"), ("A table", "table5")]
)
def test_a_figure_or_table_is_a_file_and_a_line(root, heading, name):
    recipe = section(heading)
    assert follow(recipe, root) == recipe.count("```") / 2 == 2
    for method in ("at", "sglr_released"):
        shutil.copytree(
            MINI / f"runs/cifar10-{method}-s0",
            root / f"results/mini/runs/cifar10-{method}-s0",
        )
    sglr(root, "show")
    sglr(root, "report")
    page = (root / "results/mini/report.html").read_text()
    code = ast.parse(re.findall(r"```python\n(.*?)```", recipe, flags=re.S)[0])
    (caption,) = [
        ast.literal_eval(line.value)
        for line in code.body
        if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "CAPTION"
    ]
    assert caption in page and f'id="{name}"' in page
    made = (
        f"figures/mini/{name}.svg"
        if heading == "A figure"
        else f"results/mini/tables/{name}.csv"
    )
    assert (root / made).stat().st_size > 0
    planned = run(root, "-m", "snakemake", "--cores", "1", "-n", "--", "quick", made)
    assert made.replace("mini", "quick") in planned


def test_a_claim_is_one_record(root):
    assert follow(section("A claim"), root) == 1
    shutil.copytree(MINI / "collected", root / "results/mini/collected")
    sglr(root, "claims")
    ledger = pd.read_csv(root / "results/mini/claims.csv").set_index("id")
    assert ledger.loc["mine/te-above-ls", "verdict"] != "not run"


def test_a_data_set_is_a_file_a_name_and_a_line(root):
    assert follow(section("A data set"), root) == 3
    sglr(root, "train", "digits-at-s0", scale="flipped")
    flipped = (root / "results/flipped/runs/digits-at-s0/history.csv").read_text()
    sglr(root, "train", "digits-at-s0", scale="smoke")
    assert flipped != (root / "results/smoke/runs/digits-at-s0/history.csv").read_text()


def test_an_architecture_is_a_file_and_a_name(root):
    assert follow(section("An architecture"), root) == 2
    for command in ("train", "evaluate"):
        sglr(root, command, "digits-plain-at-s0", scale="smoke")
    assert (root / "results/smoke/runs/digits-plain-at-s0/evaluation.json").exists()
    assert "network.architecture=plain" in sglr(
        root, "plan", "--set", "network.architecture=plain", scale="smoke"
    )


def test_a_scale_is_what_differs(root):
    assert follow(section("A scale"), root) == 1
    assert "cifar10-at-s0" in sglr(root, "plan", scale="longer")


def test_an_outside_package_brings_a_method_a_network_and_a_data_set(root):
    """Installed beside this package, which stays as it is; its evaluations stand in for trained ones."""
    assert follow(section("An outside package"), root) == 3
    before = {path: path.read_bytes() for path in (root / "sglr").rglob("*.py")}
    words = (
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--target",
        "site",
        "./mine",
    )
    run(root, *words)
    environment = {"PYTHONPATH": f"{root}:{root / 'site'}"}

    def with_it(*words: str) -> str:
        return run(
            root, "-m", "sglr", *words, "--plan", "mine/plan.yaml", **environment
        )

    assert "digits-harder-s0" in with_it("plan", "--scale", "smoke")
    with_it("train", "digits-harder-factor3-s0", "--scale", "smoke")
    data = ("--set", "data.digits.source=mirrored")
    with_it("train", "digits-tiny-at-s0", "--scale", "smoke", *data)
    for folder in (
        "smoke/runs/digits-harder-factor3-s0",
        "smoke+data.digits.source=mirrored/runs/digits-tiny-at-s0",
    ):
        assert (root / "results" / folder / "manifest.json").exists()
    runs = root / "results/mini/runs"
    for seed in range(2):
        for name, source in (("at", "at"), ("harder", "ls")):
            stand_in(runs, f"cifar10-{name}-s{seed}", f"cifar10-{source}-s{seed}")
    for command in ("show", "claims"):
        with_it(command, "--scale", "mini")
    table = pd.read_csv(root / "results/mini/tables/table2.csv").set_index("method")
    assert table.loc["harder", "mean"].notna().all()
    ledger = pd.read_csv(root / "results/mini/claims.csv").set_index("id")
    assert ledger.loc["newcomer/harder", "verdict"] in ("undecided", "reproduced")
    assert ledger.loc["newcomer/harder", "basis"].startswith("2 seeds x")
    assert {path: path.read_bytes() for path in (root / "sglr").rglob("*.py")} == before


# What looks at everything that there is of a kind, and takes seconds.
QUICK = (
    *("tests/test_plan.py", "tests/test_docs.py", "tests/test_dictionary.py"),
    "tests/test_layers.py::test_imports_go_down",
    "tests/test_settings.py::test_the_schemas_are_what_the_records_say_and_every_scale_keeps_to_them",
    "tests/test_settings.py::test_the_configurations_guide_has_every_key",
)


def test_every_recipe_at_once_breaks_no_quick_test(tmp_path):
    """In a clone, for some of these ask git what is committed."""
    git(tmp_path, "clone", "--quiet", str(ROOT), "clone")
    clone = tmp_path / "clone"
    for name in ("sglr", "config", "docs", "tests", "workflow"):
        output(tools.run(tmp_path, "cp", "-rT", ROOT / name, clone / name))
    added = sum(follow(recipe, clone) for recipe in GUIDE.split("\n## ")[1:])
    assert added == GUIDE.count("```") / 2
    assert " passed" in run(clone, "-m", "pytest", "-q", *QUICK)


def test_a_method_of_a_name_that_is_taken_is_refused(root):
    follow(section("An outside package"), root)
    for file in ("pyproject.toml", "mine.py"):
        text = (
            (root / "mine" / file)
            .read_text()
            .replace('"harder"', '"at"')
            .replace("harder =", "at =")
        )
        (root / "mine" / file).write_text(text)
    run(
        root,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--target",
        "site",
        "./mine",
    )
    done = tools.sglr(root, "plan", PYTHONPATH=f"{root}:{root / 'site'}")
    assert one_line(done, "there is a method 'at' already")
