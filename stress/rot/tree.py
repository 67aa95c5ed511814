"""The trees that are struck, finished or with a training under way, and what is right in them."""

import compileall
import os
import shutil
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

from stress.rot.commands import Done, finish, run, start

ROOT = Path(__file__).resolve().parents[2]
_RUNS = (
    "at",
    "sglr",
    "standard",
    "kd_at",
    "standard-noise0.4",
    "standard_sglr-noise0.4",
)
RUNS = tuple(f"digits-{name}-s0" for name in _RUNS)
UNDERWAY = "digits-sglr-s0"
OF_A_RUN = {  # run -> what is measured on it
    "digits-at-s0": ("evaluate", "trajectory", "export"),
    "digits-sglr-s0": ("evaluate", "export"),
    "digits-kd_at-s0": ("evaluate",),
    "digits-standard-noise0.4-s0": ("features",),
    "digits-standard_sglr-noise0.4-s0": ("features",),
}
ARTEFACTS = ("table1", "table2", "headline", "figure2", "figure3", "figure5")
OPTIONS = ["--scale", "smoke", "--plan", "plan.yaml"]


@dataclass(frozen=True)
class Place:
    """A package that computes, and a folder with results/ and figures/ in it."""

    package: Path
    folder: Path

    def sglr(self, *words: str) -> Done:
        """Run one command there."""
        return run([*words, *OPTIONS], self.package, self.folder)


def copy_package(to: Path, changes: dict[str, tuple[str, str]] | None = None) -> Path:
    """Copy package and settings, with other words in some files: {file: (old, new)}."""
    shutil.rmtree(to, ignore_errors=True)
    for name in ("sglr", "config"):
        # With its link to config/: a copy of that would keep the settings that are changed below.
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, to / name, symlinks=True, ignore=ignored)
    for name, (old, new) in (changes or {}).items():
        text = (to / name).read_text()
        if text.count(old) != 1:
            raise RuntimeError(f"{name} has {old!r} {text.count(old)} times")
        (to / name).write_text(text.replace(old, new))
    compileall.compile_dir(to / "sglr", quiet=1)
    (to / "whole").touch()
    return to


def training_commands() -> list[list[str]]:
    """What computes, teachers first."""
    order = sorted(RUNS, key=lambda name: name.startswith("digits-kd"))
    measured = [[what, name] for name in RUNS for what in OF_A_RUN.get(name, ())]
    return [*(["train", name] for name in order), *measured, ["count-forwards"]]


def reading_commands() -> list[list[str]]:
    """What collects, judges and shows."""
    collected = [["collect", name] for name in (*ARTEFACTS, "evidence")]
    drawn = [["draw", name] for name in ("table2", "figure3", "figure5")]
    return [*collected, ["show"], ["claims"], ["report"], *drawn, ["plan"]]


def quick_reading_commands() -> list[list[str]]:
    """Those that draw no figure."""
    return [
        words
        for words in reading_commands()
        if words != ["show"] and "figure" not in words[-1] or words[0] == "collect"
    ]


def build(place: Place, reading: list[list[str]]) -> None:
    """Train, measure and show everything. Raises RuntimeError where a command fails."""
    place.folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(Path(__file__).with_name("plan.yaml"), place.folder)
    for words in [
        *training_commands(),
        *reading,
        ["events", "digits-at-s0"],
    ]:
        _succeed(place.sglr(*words))


def build_underway(finished: Place, folder: Path) -> Place:
    """A copy in which one training is stopped in its third epoch, and nothing is shown yet."""
    place = Place(finished.package, folder)
    results = Path("results", "smoke")
    shutil.copytree(finished.folder, folder)
    for name in ("collected", "tables", "exported"):
        shutil.rmtree(folder / results / name)
    shutil.rmtree(folder / results / "runs" / UNDERWAY)
    shutil.rmtree(folder / "figures")
    for path in (folder / results).glob("*.*"):
        if path.name.startswith(("claims", "report")):
            path.unlink()
    for _ in range(20):  # a busy machine may let it end before the signal comes
        training = start(["train", UNDERWAY, *OPTIONS], place.package, place.folder)
        while os.fstat(training.out).st_size < 100:  # two lines
            time.sleep(0.001)
        os.kill(training.pid, signal.SIGTERM)
        done = finish(training)
        if done.status == 75:
            return place
        shutil.rmtree(folder / results / "runs" / UNDERWAY)
    raise RuntimeError(f"the training was to be stopped: {done}")


def _succeed(done: Done) -> None:
    if done.status:
        raise RuntimeError(
            f"{' '.join(done.words)}, with nothing in its way: {done.err or done.status}"
        )


# Written, or removed, by a training for itself alone; or with times in it.
_OWN = ("state.pt", ".set-aside", ".tmp", ".writer", ".writer.lock")


def contents(folder: Path) -> dict[str, bytes]:
    """Name -> content of every file of results/ and figures/ that is somebody's to read."""
    found = {}
    for top in ("results", "figures"):
        for path in (folder / top).rglob("*"):
            if (
                path.is_file()
                and not path.name.endswith(_OWN)
                and "events" not in path.parts
            ):
                found[str(path.relative_to(folder))] = path.read_bytes()
    return found


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """Name -> inode and time of change: who has another was written."""
    found = {}
    for top in ("results", "figures"):
        for path in (folder / top).rglob("*"):
            try:
                entry = path.stat()
            except OSError:
                continue
            if path.is_file():
                found[str(path.relative_to(folder))] = (entry.st_ino, entry.st_mtime_ns)
    return found


_OF_ALL = ("report.html", "claims")


@dataclass
class Right:
    """What the files of a tree may hold: for each name the contents of undisturbed trees, at any of their stages."""

    files: dict[str, set[bytes]] = field(default_factory=dict)
    said: dict[tuple[str, ...], set[str]] = field(default_factory=dict)
    part: bool = False  # whether it is a tree in which something is still to be done

    def learn(self, place: Place) -> None:
        """Take what lies there as right."""
        for name, content in contents(place.folder).items():
            self.files.setdefault(name, set()).add(content)

    def wrong(self, folder: Path, written: set[str]) -> list[str]:
        """Those of the written files that hold something else.

        Page and claims are of whatever is there, so they are looked at where all is there.
        """
        found = contents(folder)
        return sorted(
            name
            for name in written & found.keys()
            if found[name] not in self.files.get(name, set())
            and not (self.part and Path(name).name.startswith(_OF_ALL))
        )
