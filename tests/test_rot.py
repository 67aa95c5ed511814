"""The rot at its smallest: a fault of each cheap kind, and the judge of it all, which must see what is wrong."""

import json
import sys

from tools import ROOT, check_commands_of_sums, output, run

from stress.rot.commands import Done
from stress.rot.tree import Place, Right
from stress.rot.trial import Trial

# A flipped bit, a cut file, two exchanged, rights, a setting, a kill, a read-only file system; last under way.
NUMBERS = (1, 7, 11, 16, 18, 21, 24)


def test_no_fault_makes_a_number_another_one(tmp_path):
    words = [sys.executable, "-m", "stress.rot", "--work", tmp_path / "work"]
    output(run(ROOT, *words, "--out", tmp_path / "rot.json", "--numbers", *NUMBERS))
    assert check_commands_of_sums(tmp_path / "work/finished") > 40
    found = json.loads((tmp_path / "rot.json").read_text())
    every = found["counts"][-1]
    assert every["kind"] == "all" and every["faults"] == len(NUMBERS)
    (setting,) = (row for row in found["counts"] if row["kind"] == "setting")
    assert setting["ended in one line"] > 0  # the changed one was read
    assert every["ended in one line"] > 0 and every["typed as advised"] > 0
    assert not any(every[key] for key in ("wrong numbers", "tracebacks", "dead ends"))


class Typed(Place):
    """A place in which a command writes one file and ends as it is told."""

    def sglr(self, *words: str) -> Done:
        status, said = ends.pop(0)
        path = self.folder / "results" / words[-1]
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{len(ends)}")
        return Done(words, status, "", said)


ends: list[tuple[int, str]] = []


def judged(folder, *how: tuple[int, str], **right: str) -> Trial:
    """What is noted of one command, and what it advises, that end so."""
    ends[:] = how
    files = {f"results/{name}": {value.encode()} for name, value in right.items()}
    trial = Trial(Typed(folder, folder), Right(files))
    trial.solve(["collect", "table"])
    return trial


def test_another_number_is_seen(tmp_path):
    assert judged(tmp_path, (0, ""), table="0").wrong == []
    assert judged(tmp_path, (0, ""), table="1").wrong == ["results/table"]


def test_a_traceback_is_seen(tmp_path):
    trial = judged(tmp_path, (1, "Traceback ..."))
    assert len(trial.tracebacks) == 1 and not trial.dead_ends


def test_advice_is_typed_and_a_line_without_any_is_a_dead_end(tmp_path):
    line = "sglr: a: damaged; to make it again: sglr train run --scale smoke\n"
    trial = judged(tmp_path, (2, line), (0, ""), (0, ""), table="0", run="1")
    assert trial.commands == ["collect table: 2", "train run: 0", "collect table: 0"]
    assert trial.dead_ends == trial.wrong == []
    assert len(judged(tmp_path, (2, "sglr: a: damaged\n")).dead_ends) == 1
    assert len(judged(tmp_path, *[(2, line)] * 200).dead_ends) > 0
