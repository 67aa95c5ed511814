"""How tests run the user's commands: each in a process of its own, on this checkout or on a copy of it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from forked import python_m

from sglr.files.again import command_for
from sglr.files.dictionary import tables
from sglr.plan.names import CHECKPOINTS
from sglr.plan.plan import Plan
from sglr.plan.runs import Run

ROOT = Path(__file__).resolve().parents[1]
Done = subprocess.CompletedProcess[str]


# What `make test` tells a make below it, which would then speak of the folders it is in.
_OF_MAKE = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")


def run(folder: Path, *words: object, **environment: str) -> Done:
    """Run a command in `folder`, as from a user's shell, with variables added to this process's.

    Where there are none, `python -m sglr` is run by `forked`: variables may be read where Python starts.
    """
    command = [str(word) for word in words]
    if command[:3] == [sys.executable, "-m", "sglr"] and not environment:
        return python_m(folder, _environment(), *command[2:])
    return subprocess.run(
        command,
        cwd=folder,
        env=_environment() | environment,
        capture_output=True,
        text=True,
    )


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in _OF_MAKE}


def output(done: Done) -> str:
    """All that a command said; a command that failed fails the test with it."""
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-5000:]
    return said


def one_line(done: Done, message: str) -> bool:
    """Whether a command ended as a user's error does: status 2, one line with `message`."""
    return (
        done.returncode == 2 and message in done.stderr and done.stderr.count("\n") == 1
    )


def sglr_words(*words: object, scale: str = "smoke") -> list[str]:
    return [sys.executable, "-m", "sglr", *map(str, words), "--scale", scale]


def standing_still(epochs: int, words: list[str]) -> list[str]:
    """The words of a training that stands still after so many epochs, in the middle of the next, until a signal."""
    python, _, _, *command = words
    return [python, str(ROOT / "tests/standing_still.py"), str(epochs), *command]


def sglr(
    folder: Path, *words: object, scale: str = "smoke", **environment: str
) -> Done:
    """One `sglr` command, its results under `folder`."""
    return run(folder, *sglr_words(*words, scale=scale), **environment)


def snakemake(
    folder: Path, *words: object, root: Path = ROOT, cores: int = 8, **environment: str
) -> Done:
    """Snakemake in `folder` with the workflow of the checkout `root`."""
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "-s",
        root / "Snakefile",
        "--cores",
        cores,
    ]
    return run(folder, *command, *words, **environment)


def git(folder: Path, *words: str) -> str:
    author = ("-c", "user.name=a", "-c", "user.email=a@b")
    return output(run(folder, "git", *author, *words))


def copy_checkout(folder: Path) -> None:
    """Copy what Snakemake needs of this checkout into `folder`."""
    for name in ("workflow", "config", "sglr"):
        unwanted = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, symlinks=True, ignore=unwanted)
    for name in (
        "Snakefile",
        "environment.yml",
        "profiles",
        "requirements.lock",
        "pyproject.toml",
    ):
        shutil.copy(ROOT / name, folder, follow_symlinks=False)


def manifest_of(plan: Plan, run: Run) -> dict[str, Any]:
    """What a finished training of the plan's run records, as far as every reader asks for it."""
    entries = {name: {"epoch": 1, "sha256": name} for name in CHECKPOINTS}
    return {
        "run": run.id,
        "scale": plan.scale.name,
        "run_settings": plan.settings_of(run),
        "trajectory": [],
        "images_sha256": {"train": "train", "test": "test"},
        "untouched_portion": 1.0,
        "true_portion": 1.0,
        "engine": {"channels_last": True},
        "origin": {},
        **entries,
    }


def evaluation_of(checkpoints: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """An evaluation of the networks of `manifest_of`."""
    entries = {
        name: {"epoch": 1, "sha256": name} | entry
        for name, entry in checkpoints.items()
    }
    return {"checkpoints": entries}


def history_of(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a training's history, each an epoch, with every column."""
    columns = next(file for file in tables() if file.path == "runs/*/history.csv")
    plain = {field.name: 0.5 for field in columns.fields}
    return [plain | {"epoch": epoch} | row for epoch, row in enumerate(rows, 1)]


def pretend_cifar(root: Path) -> None:
    """Write noise where CIFAR-10 is looked for, as it lies there once it has been read."""
    import torch

    from sglr.engine.checkpoints import save_payload

    generator = torch.Generator().manual_seed(0)
    parts = {}
    for name, count in (("train", 5000), ("test", 2000)):
        images = torch.randint(256, (count, 3, 32, 32), generator=generator)
        labels = torch.arange(count) % 10
        parts[name] = {"images": images.to(torch.uint8), "labels": labels}
    save_payload(root / "cifar10.decoded", parts)


def check_commands_of_sums(folder: Path) -> int:
    """Check that what makes checksums again makes again every file that they are of; return of how many."""
    count = 0
    for sums in folder.rglob("*.sha256"):
        names = [line.partition("  ")[2] for line in sums.read_text().splitlines()]
        for name in [name for name in names if "/" not in name]:
            count += 1
            assert command_for(sums.parent / name) == command_for(sums), name
    return count
