"""A module imports only from its own layer or from those below it; what plans and shows imports no torch."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LAYERS = [  # from the ground up; those of one line do not import each other
    {"errors"},
    {"config", "records", "events"},
    {"engine", "show"},
    {"models", "checkpoints", "claims"},
    {"data", "report"},
    {"attacks"},
    {"objectives", "networks"},
    {"evaluation"},
    {"training", "card"},
    {"export"},
    {"__init__"},
    {"cli"},
    {"__main__"},
]
FLOOR = {name: floor for floor, names in enumerate(LAYERS) for name in names}
WITHOUT_TORCH = ("config", "records", "show", "claims", "report", "cli")


def layer(path: Path) -> str:
    return path.relative_to(ROOT / "sglr").with_suffix("").parts[0]


def imported(path: Path) -> set[str]:
    """The layers that a file imports from, its own left out."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "sglr":
            found |= {"__init__" if name.name == "load_model" else name.name for name in node.names}
        elif isinstance(node, ast.Import):
            found |= {name.name.split(".")[1] for name in node.names if name.name.startswith("sglr.")}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sglr."):
            found.add(node.module.split(".")[1])
    return found - {layer(path)}


def test_imports_go_down():
    files = sorted((ROOT / "sglr").rglob("*.py"))
    assert {layer(path) for path in files} == set(FLOOR)
    upwards = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files
        for name in imported(path)
        if FLOOR[name] >= FLOOR[layer(path)]
    ]
    assert upwards == []


@pytest.mark.parametrize("name", WITHOUT_TORCH)
def test_what_plans_and_shows_imports_no_torch(name):
    files = [path for path in sorted((ROOT / "sglr").rglob("*.py")) if layer(path) == name]
    modules = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in files]
    words = f"import sys, {', '.join(modules)}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", words], cwd=ROOT).returncode == 0
