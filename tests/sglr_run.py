"""A run of SGLR at the smoke scale, which refines labels from its first epoch: its commands, folder and results."""

from pathlib import Path

from tools import ROOT, Done, run, sglr_words

from sglr.files.records import read_json
from sglr.training.records import LABEL_FILES

RUN = "digits-sglr-start0.25-s0"


def command(results: Path, *words: str) -> list[str]:
    return [*sglr_words(*words), "--results", str(results)]


def sglr(results: Path, *words: str) -> Done:
    return run(ROOT, *command(results, *words))


def folder_of(results: Path, run: str = RUN) -> Path:
    return results / "smoke" / "runs" / run


def results_of(folder: Path) -> list:
    manifest = read_json(folder / "manifest.json")
    kept = [
        manifest[name] for name in ("best", "best_validation", "final", "trajectory")
    ]
    return [
        *((folder / name).read_bytes() for name in ("history.csv", *LABEL_FILES)),
        kept,
    ]
