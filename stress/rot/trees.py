"""The trees of one series of faults, built once, and what is right in each."""

import shutil
from pathlib import Path

from stress.rot import faults
from stress.rot.tree import (
    Place,
    Right,
    build,
    build_underway,
    copy_package,
    reading_commands,
)


class Trees:
    """The trees that are copied and struck, built once below `work`, and what is right in each."""

    def __init__(self, work: Path):
        self.work = work
        package = work / "package"
        if not (package / "whole").exists():
            copy_package(package)
        self.finished = self._built(
            Place(package, work / "finished"), reading_commands()
        )
        folder = work / "underway"
        if not folder.exists():
            build_underway(self.finished, folder)
        self.underway = Place(package, folder)
        self.right = Right()
        self.right.learn(self.finished)
        self._learn_from_both()

    def _built(self, place: Place, reading: list[list[str]]) -> Place:
        if not (place.folder / "built").exists():
            shutil.rmtree(place.folder, ignore_errors=True)
            build(place, reading)
            (place.folder / "built").touch()
        return place

    def _learn_from_both(self) -> None:
        """What is printed, and what is shown while one training is under way."""
        for name in ("finished", "underway"):
            place = self.copy(name, "learnt")
            for words in reading_commands():
                done = place.sglr(*words)
                if words[0] in ("plan", "claims"):
                    self.right.said.setdefault(tuple(words), set()).add(done.out)
            self.right.learn(place)

    def changed(self, kind: str, name: str) -> Place:
        """Everything done from the beginning with another setting."""
        package = faults.changed_package(kind, name, self.work)
        place = Place(package, package.with_name("finished"))
        return self._built(place, reading_commands())

    def copy(self, name: str, to: str) -> Place:
        """A copy to be spoilt."""
        folder, elsewhere = self.work / to, self.work / f"{to}-elsewhere"
        for path in (folder, elsewhere):
            if path.exists():
                faults.give_rights_back(path)
                shutil.rmtree(path)
        shutil.copytree(self.work / name, folder)
        elsewhere.mkdir()
        return Place(self.finished.package, folder)
