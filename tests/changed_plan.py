"""A plan with a line of a test's own."""

import shutil

from sglr.plan import plan_files, scale_files
from sglr.plan.plan_files import load_plan


def planned(tmp_path, monkeypatch, line: str) -> None:
    """Load config/plan.yaml with `line` as its last."""
    shutil.copytree(scale_files.CONFIG, tmp_path / "config")
    with open(tmp_path / "config" / "plan.yaml", "a") as file:
        file.write(f"  - {line}\n")
    for module in (plan_files, scale_files):
        monkeypatch.setattr(module, "CONFIG", tmp_path / "config")
    load_plan("smoke")
