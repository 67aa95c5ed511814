"""PGD-AT's run of the smoke scale, which tests share: its name, and its folder in that of a test."""

from pathlib import Path

RUN = "digits-at-s0"


def files(folder: Path) -> Path:
    return folder / "results/smoke/runs" / RUN
