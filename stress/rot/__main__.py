"""`make rot`: files damaged at random, and the ordinary commands after it; no number may be another one."""

import argparse
import json
import os
import signal
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from stress.rot import faults, record
from stress.rot.commands import finish, import_libraries, start
from stress.rot.tree import (
    ARTEFACTS,
    OF_A_RUN,
    OPTIONS,
    RUNS,
    UNDERWAY,
    Place,
    Right,
    quick_reading_commands,
    reading_commands,
)
from stress.rot.trees import Trees
from stress.rot.trial import Trial

# One round of 25; what comes where is always the same.
_KINDS = ["flip"] * 6 + ["truncate"] * 4 + ["swap"] * 4 + ["rights"] * 3
_KINDS += ["setting"] * 3 + ["kill"] * 3 + ["code", "read-only"]
_SELDOM = {"show": 0.05, "claims": 0.2, "report": 0.5}  # these take a second or three
Json = dict[str, Any]


def readers(path: Path, folder: Path) -> list[list[str]]:
    """The commands that read a file, as its place says."""
    parts = path.relative_to(folder).parts
    if "runs" in parts:
        run = parts[3]
        own = [["train", run], *([what, run] for what in OF_A_RUN.get(run, ()))]
        own += [["collect", name] for name in (*ARTEFACTS[1:], "evidence")]
        student = [["train", "digits-kd_at-s0"]] if run in RUNS[0:3:2] else []
        return [*own, *student, ["show"], ["report"], ["plan"], ["events", run]]
    if "exported" in parts:
        weights = path.with_suffix(".safetensors").relative_to(folder)
        return [["load", str(weights)], ["export", "digits-at-s0"]]
    if "collected" in parts:
        return [
            ["claims"],
            ["show"],
            ["report"],
            ["draw", "figure3"],
            ["draw", "table2"],
        ]
    if "tables" in parts:
        return [["draw", path.stem], ["report"], ["show"]]
    if path.name.startswith("forwards"):
        return [["collect", "table1"], ["show"], ["count-forwards"]]
    return [["report"], ["claims"]]


def _some(commands: list[list[str]], count: int, chance: Random) -> list[list[str]]:
    """So many of the commands; those that draw every figure more seldom, for they take seconds."""
    left, chosen = list(commands), []
    while left and len(chosen) < count:
        weights = [_SELDOM.get(words[0], 1) for words in left]
        words = chance.choices(left, weights)[0]
        chosen.append(words)
        left = [each for each in left if each != words]
    return chosen


def one_trial(number: int, seed: int, trees: Trees) -> Json:
    """Strike once, and go on as if nothing had been."""
    chance = Random(f"{seed}/{number}")
    kind = _KINDS[number % len(_KINDS)]
    tree = chance.choice(("finished", "underway"))
    if kind == "setting":
        tree = "finished"
    trial = Trial(
        trees.copy(tree, "struck"), replace(trees.right, part=tree == "underway")
    )
    started = time.perf_counter()
    if kind in faults.FILE_FAULTS:
        struck = _strike_file(kind, tree, trial, chance)
    else:
        struck = _OTHERS[kind](trial, chance, trees)
    told = {"number": number, "kind": kind, "tree": tree, "struck": struck}
    found = {
        key: value
        for key, value in vars(trial).items()
        if key not in ("place", "right")
    }
    return told | found | {"seconds": round(time.perf_counter() - started, 1)}


def _strike_file(kind: str, tree: str, trial: Trial, chance: Random) -> str:
    """One of the faults of files; under way, every second time while the training runs."""
    folder, live = trial.place.folder, None
    paths = faults.files_below(folder)
    if tree == "underway" and chance.random() < 0.5:
        live = start(["train", UNDERWAY, *OPTIONS], trial.place.package, folder)
        time.sleep(chance.uniform(0.05, 0.6))
        paths = [path for path in faults.files_below(folder) if UNDERWAY in path.parts]
    hit = faults.FILE_FAULTS[kind](paths, chance)
    if live:
        done = finish(live)
        if done.status and not done.is_line:
            trial.tracebacks.append(
                f"train, struck meanwhile: {done.status}: {done.err[-600:]}"
            )
    commands = [words for path in hit for words in readers(path, folder)]
    for words in _some(commands, 2, chance):
        trial.solve(words)
    if tree == "underway":
        for words in (
            ["train", UNDERWAY],
            ["evaluate", UNDERWAY],
            ["collect", "table2"],
        ):
            trial.solve(words)
    names = [str(path.relative_to(folder)) for path in hit]
    return " and ".join(names) + (", while it trains" if live else "")


def _setting(trial: Trial, chance: Random, trees: Trees) -> str:
    """Another value of a setting; what was made with it and what was not never meet."""
    name = chance.choice(sorted(faults.SETTINGS))
    changed = trees.changed("setting", name)
    old, right = trial.place, trial.right
    trial.place = Place(changed.package, old.folder)
    trial.right = Right()
    trial.right.learn(changed)
    every = [
        *([what, run] for run in OF_A_RUN for what in OF_A_RUN[run]),
        *quick_reading_commands(),
    ]
    for words in _some(every, 2, chance):
        trial.solve(words)
    if chance.random() < 0.3:
        # A plan says which runs are of other settings; that is no longer what it said of the undisturbed tree.
        trial.place, trial.right = old, replace(right, said={})
        for words in _some(every, 2, chance):
            trial.solve(words)
    return name


def _code(trial: Trial, chance: Random, trees: Trees) -> str:
    """Other code: a finished run stays as it is; one under way goes on only with a word, or not at all."""
    name = chance.choice(sorted(faults.CODE))
    package = faults.changed_package("code", name, trees.work)
    trial.place = Place(package, trial.place.folder)
    strict = trial.place.sglr("train", UNDERWAY, "--strict")
    done = trial.place.sglr("train", UNDERWAY)
    path = trial.place.folder / "results/smoke/runs" / UNDERWAY
    stretches = json.loads((path / "manifest.json").read_text())["stretches"]
    digests = {stretch["origin"]["code_sha256"] for stretch in stretches}
    said = "goes on with other code_sha256" in done.out
    if said != (len(digests) == 2) or strict.status != (2 if said else 0):
        trial.wrong.append(
            f"code: said {said}, {len(digests)} kinds of code, --strict {strict.status}"
        )
    if name == "a comment" or not said:
        history = f"results/smoke/runs/{UNDERWAY}/history.csv"
        trial.wrong += trial.right.wrong(trial.place.folder, {history})
    for words in _some(reading_commands()[1:7], 2, chance):
        trial.solve(words) if not said else trial.place.sglr(*words)
    return f"{name}{', in the middle of a training' if said else ''}"


def _kill(trial: Trial, chance: Random, trees: Trees) -> str:
    """SIGKILL to a command, somewhere."""
    runs = [[what, run] for run in OF_A_RUN for what in ("train", *OF_A_RUN[run])]
    words = chance.choice([["train", UNDERWAY], *runs, *reading_commands()])
    running = start([*words, *OPTIONS], trial.place.package, trial.place.folder)
    time.sleep(chance.uniform(0.02, 1.2))
    os.kill(running.pid, signal.SIGKILL)
    died = finish(running).status < 0
    after = [words, *_some(reading_commands(), 2, chance)]
    for each in after:
        trial.solve(each)
    return f"{' '.join(words)}{'' if died else ', at its end already'}"


def _read_only(trial: Trial, chance: Random, trees: Trees) -> str:
    """Nothing can be written beside the results; everything can be read, and written elsewhere."""
    every = [
        *([what, run] for run in OF_A_RUN for what in ("train", *OF_A_RUN[run])),
        *reading_commands(),
    ]
    with faults.read_only(trial.place.folder) as mounted:
        if not mounted:
            return "not mounted: that takes root"
        for words in _some(every, 3, chance):
            trial.solve(words)
    return "results and figures"


_OTHERS: dict[str, Callable[[Trial, Random, Trees], str]] = {
    "setting": _setting,
    "code": _code,
    "kill": _kill,
    "read-only": _read_only,
}


def main() -> None:
    """Strike again and again; print and write what was found. Raises RuntimeError where something must not be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=int, default=500)
    parser.add_argument(
        "--numbers", type=int, nargs="+", help="these alone of the sequence"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--work",
        type=Path,
        default=Path(tempfile.gettempdir()) / "sglr-rot",
        help="kept, so that the same command goes on where it was stopped",
    )
    parser.add_argument("--out", type=Path, default=Path("results/rot.json"))
    arguments = parser.parse_args()
    import_libraries()
    trees = Trees(arguments.work)
    log = arguments.work / f"seed{arguments.seed}.jsonl"
    lines = log.read_text().splitlines() if log.exists() else []
    found = {trial["number"]: trial for trial in map(json.loads, lines)}
    numbers = arguments.numbers or range(arguments.faults)
    for number in numbers:
        if number not in found:
            found[number] = one_trial(number, arguments.seed, trees)
            with open(log, "a") as file:
                file.write(json.dumps(found[number]) + "\n")
            _tell(found[number])
    settings = {"seed": arguments.seed, "faults": len(numbers)}
    trials = [found[number] for number in numbers]
    print(record.write(arguments.out, settings, trials).to_markdown(index=False))
    if any(map(record.bad, trials)):
        raise RuntimeError(f"something must not be: {arguments.out}")


def _tell(trial: Json) -> None:
    words = [trial[key] for key in ("number", "kind", "tree", "struck", "seconds")]
    found = record.bad(trial)
    print(*words, json.dumps(found) if found else "", flush=True)


if __name__ == "__main__":
    main()
