"""A copy of this checkout for tests that run its commands, or change its files."""

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def copy_checkout(folder: Path) -> None:
    """Copy what Snakemake needs of this checkout into `folder`."""
    for name in ("workflow", "config", "sglr"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Snakefile", "environment.yml", "profiles", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, folder, follow_symlinks=False)
