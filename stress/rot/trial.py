"""One fault, the ordinary commands after it, and how they end."""

import re
import shlex
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from stress.rot.commands import Done
from stress.rot.tree import OPTIONS, Place, Right, stamps

_ADVICE = re.compile(r"\b(?:sglr [a-z-]+ |sglr [a-z-]+$|chmod )[^;]*")
_ROUNDS = 40  # a page of another setting asks for every run, measurement and table anew, one at a time


@dataclass
class Trial:
    """What is done to one tree, and what was found. `right` is what its files may hold, and what may be printed."""

    place: Place
    right: Right
    commands: list[str] = field(default_factory=list)  # with their status
    wrong: list[str] = field(default_factory=list)
    tracebacks: list[str] = field(default_factory=list)
    dead_ends: list[str] = field(default_factory=list)
    refused: int = 0
    advised: int = 0
    elsewhere: bool = False  # whether something was written there

    def type(self, words: list[str], place: Place | None = None) -> Done:
        """Run a command; look at what it says, and at every file that it has written."""
        place = place or self.place
        before = stamps(place.folder)
        done = place.sglr(*words)
        self.commands.append(f"{' '.join(words)}: {done.status}")
        if done.status == 0:
            after = stamps(place.folder)
            written = {name for name in after if after[name] != before.get(name)}
            found = self.right.wrong(place.folder, written)
            allowed = self.right.said.get(tuple(words))
            if allowed and not self.right.part and done.out not in allowed:
                found.append(f"{' '.join(words)} says something else")
            self.wrong += found
        elif done.is_line:
            self.refused += 1
        else:
            self.tracebacks.append(
                f"{' '.join(words)}: {done.status}: {done.err[-600:]}"
            )
        return done

    def solve(self, words: list[str], depth: int = 0) -> bool:
        """Run a command and type what it advises until it ends well; note where nothing helps."""
        for _ in range(_ROUNDS):
            done = self.type(words)
            if done.status == 0:
                return True
            if not done.is_line:
                return False
            advised = _ADVICE.findall(done.err.removeprefix("sglr: ").strip())
            if depth > _ROUNDS or not advised:
                break
            if not all([self._follow(command, depth) for command in advised]):
                break
            if self.elsewhere:
                return True  # here it cannot be
        self.dead_ends.append(f"{' '.join(words)}: {done.err.strip()}")
        return False

    def _follow(self, command: str, depth: int) -> bool:
        """Type one piece of advice; whether it ended well."""
        head, *words = shlex.split(command)
        if head == "chmod":
            return (
                subprocess.run(
                    [head, *words], cwd=self.place.folder, capture_output=True
                ).returncode
                == 0
            )
        if "--from" in words:
            done = self.place.sglr(*_without_options(words))
            return self._elsewhere(words, done)
        self.advised += 1
        return self.solve(_without_options(words), depth + 1)

    def _elsewhere(self, words: list[str], done: Done) -> bool:
        folder = Path(words[words.index("--results") + 1]).parent
        self.commands.append(f"{' '.join(words)}: {done.status}")
        self.elsewhere = True
        if done.status == 0:
            own = {name for name in stamps(folder) if not (folder / name).is_symlink()}
            self.wrong += self.right.wrong(folder, own)
        elif not done.is_line:
            self.tracebacks.append(
                f"{' '.join(words)}: {done.status}: {done.err[-600:]}"
            )
        else:
            self.dead_ends.append(f"{' '.join(words)}: {done.err.strip()}")
        return done.status == 0


def _without_options(words: list[str]) -> list[str]:
    """The command without what `Place.sglr` adds."""
    kept = list(words)
    for option in OPTIONS:
        if option in kept:
            kept.remove(option)
    return kept
