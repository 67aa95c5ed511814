"""Draws the diagram of docs/pipeline.md from the rules again: `python docs/draw_pipeline.py`."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "pipeline.md"
_FENCE = re.compile(r"```mermaid\n.*?```", flags=re.S)


def diagram() -> str:
    """The rules behind `snakemake all` as a Mermaid block; the rules that collect are one box."""
    with tempfile.TemporaryDirectory() as empty:
        words = [
            "-m",
            "snakemake",
            "-s",
            str(ROOT / "Snakefile"),
            "--cores",
            "1",
            "--rulegraph",
            "mermaid-js",
            "all",
        ]
        done = subprocess.run(
            [sys.executable, *words],
            cwd=empty,
            capture_output=True,
            text=True,
            check=True,
        )
    rules = {
        node: _merged(rule)
        for node, rule in re.findall(r"(id\d+)\[(\w+)\]", done.stdout)
    }
    arrows = {
        f"    {rules[a]} --> {rules[b]}"
        for a, b in re.findall(r"(id\d+) --> (id\d+)", done.stdout)
    }
    return "\n".join(["```mermaid", "flowchart LR", *sorted(arrows), "```"])


def _merged(rule: str) -> str:
    return "collect" if rule.startswith("collect_") else rule


def drawn(page: str) -> str:
    """The page with its diagram drawn again."""
    return _FENCE.sub(lambda _: diagram(), page)


if __name__ == "__main__":
    PAGE.write_text(drawn(PAGE.read_text()))
