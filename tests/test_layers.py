"""Two towers on one ground: what computes and what reads never import each other, and imports only go down."""

import ast
import sys
from pathlib import Path

import pytest
from tools import ROOT, output, run

GROUND = ("files", "methods", "plan")
SCIENCE = ("engine", "data", "models", "attacks", "evaluation", "training", "export")
READING = ("collected", "artefacts", "claims", "page", "bundle")
TOP = ("__init__", "commands", "cli", "__main__")
# Each from the ground up.
TOWERS = (
    (*GROUND, *SCIENCE),
    (*GROUND, *READING),
    (*GROUND, *SCIENCE, *READING, *TOP),
)
WITHOUT_TORCH = (*GROUND, *READING, "commands", "cli")


def below(name: str) -> set[str]:
    """What may be imported from a layer: the floors under it in its own tower."""
    tower = next(tower for tower in TOWERS if name in tower)
    return set(tower[: tower.index(name)])


def layer(path: Path) -> str:
    return path.relative_to(ROOT / "sglr").with_suffix("").parts[0]


def imported(path: Path) -> set[str]:
    """The layers that a file imports from, its own left out, and what only annotations need."""
    found = set()
    tree = ast.parse(path.read_text())
    for node in tree.body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "sglr":
            found |= {
                "__init__" if name.name == "load_model" else name.name
                for name in node.names
            }
        elif isinstance(node, ast.Import):
            found |= {
                name.name.split(".")[1]
                for name in node.names
                if name.name.startswith("sglr.")
            }
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
            "sglr."
        ):
            found.add(node.module.split(".")[1])
    return found - {layer(path)}


def test_imports_go_down():
    files = sorted((ROOT / "sglr").rglob("*.py"))
    assert {layer(path) for path in files} == set(TOWERS[-1])
    upwards = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files
        for name in imported(path)
        if name not in below(layer(path))
    ]
    assert upwards == []


@pytest.mark.parametrize("name", WITHOUT_TORCH)
def test_what_plans_and_shows_imports_no_torch(name):
    files = [
        path for path in sorted((ROOT / "sglr").rglob("*.py")) if layer(path) == name
    ]
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in files
    ]
    words = f"import sys, {', '.join(modules)}; sys.exit('torch' in sys.modules)"
    output(run(ROOT, sys.executable, "-c", words))


# Half a second and more each.
SLOW = {"torch", "scipy.stats", "matplotlib", "sklearn", "sympy", "torchvision"}
FOLDS = """
from sglr.models import build
from sglr.models.folding import fold_batchnorm
fold_batchnorm(build("resnet18", 10, 3, 4, 0))
"""


@pytest.mark.parametrize(
    ("words", "used"),
    [
        ("from sglr.cli import main; main()", set()),
        (FOLDS, {"torch"}),
    ],
    ids=["a command that reads", "a network that is attacked"],
)
def test_nothing_waits_for_a_library_that_it_does_not_use(words, used):
    ending = f"print('waited for', *sorted({SLOW - used} & sys.modules.keys()))"
    said = output(
        run(ROOT, sys.executable, "-c", f"import sys\n{words}\n{ending}", "plan")
    )
    assert said.splitlines()[-1] == "waited for"
