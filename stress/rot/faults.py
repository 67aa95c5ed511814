"""The faults: what happens to files while nobody looks. Each returns what it did, in words."""

import os
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from stress.rot.tree import contents, copy_package

Strike = Callable[[list[Path], Random], list[Path]]

SETTINGS = {  # a change of smoke.yaml -> what is another number by it
    "epsilon": ("epsilon: 0.15,", "epsilon: 0.2,"),
    "train_steps": ("train_steps: 6", "train_steps: 5"),
    "test_steps": ("test_steps: 9", "test_steps: 8"),
    "width": ("width: 8", "width: 9"),
    "num_train": ("num_train: 60", "num_train: 61"),
    "num_curve": ("num_curve: 56", "num_curve: 50"),
    "num_autoattack": ("num_autoattack: 3", "num_autoattack: 1"),
    "num_features": ("num_features: 52", "num_features: 40"),
    "num_gradient": ("num_gradient: 54", "num_gradient: 30"),
}
CODE = {  # of the same numbers, and of others
    "a comment": ("sglr/training/recipe.py", "# Attack the", "# First attack the"),
    "another step": (
        "sglr/training/build.py",
        "lr=how.learning_rate",
        "lr=how.learning_rate / 2",
    ),
}


def flip(paths: list[Path], chance: Random) -> list[Path]:
    """One bit of a file."""
    path = chance.choice([path for path in paths if path.stat().st_size])
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)
    return [path]


def truncate(paths: list[Path], chance: Random) -> list[Path]:
    """The end of a file."""
    path = chance.choice([path for path in paths if path.stat().st_size])
    os.truncate(path, chance.randrange(path.stat().st_size))
    return [path]


def swap(paths: list[Path], chance: Random) -> list[Path]:
    """Two files change places: of the same name where there are such, or of the same ending."""
    one = chance.choice(paths)
    like = [path for path in paths if path != one and path.name == one.name]
    like = like or [path for path in paths if path != one and path.suffix == one.suffix]
    if not like:
        return flip(paths, chance)
    other = chance.choice(like)
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)
    return [one, other]


def take_rights(paths: list[Path], chance: Random) -> list[Path]:
    """A file can no longer be read, or a folder no longer be written to or passed."""
    path = chance.choice(paths)
    if chance.random() < 0.5:
        path.chmod(0)
        return [path]
    path.parent.chmod(chance.choice((0o555, 0o000)))
    return [path]


FILE_FAULTS: dict[str, Strike] = {
    "flip": flip,
    "truncate": truncate,
    "swap": swap,
    "rights": take_rights,
}


def files_below(folder: Path) -> list[Path]:
    """What can be struck: everything that somebody reads, and the saved states."""
    names = [*contents(folder)]
    names += [str(path.relative_to(folder)) for path in folder.rglob("state.pt")]
    return [folder / name for name in sorted(names) if not name.endswith("report.html")]


def give_rights_back(folder: Path) -> None:
    """So that the tree can be removed."""
    for path, _, names in os.walk(folder):
        os.chmod(path, 0o755)
        for name in names:
            file = Path(path, name)
            if not file.is_symlink():
                os.chmod(file, stat.S_IMODE(os.lstat(file).st_mode) | 0o600)


@contextmanager
def read_only(folder: Path) -> Iterator[bool]:
    """Mount the folder read-only for as long as the context lasts; False where this user may not."""
    if (
        os.geteuid()
        or subprocess.run(
            ["mount", "--bind", folder, folder], capture_output=True
        ).returncode
    ):
        yield False
        return
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
        yield True
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def changed_package(kind: str, name: str, work: Path) -> Path:
    """A copy of the package, made once, with one setting or one line of code changed."""
    to = work / f"{kind}-{name.replace(' ', '_')}" / "package"
    if not (to / "whole").exists():
        if kind == "setting":
            file, (old, new) = "config/scales/smoke.yaml", SETTINGS[name]
        else:
            file, old, new = CODE[name]
        copy_package(to, {file: (old, new)})
    return to
