"""What is written of the rot: counts by kind of fault, what was struck, and whatever must not be."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd

from stress.rot import faults

Json = dict[str, Any]
_BAD = {
    "wrong": "wrong numbers",
    "tracebacks": "tracebacks",
    "dead_ends": "dead ends",
}


def counts(trials: list[Json]) -> pd.DataFrame:
    """One row a kind of fault, and their sum."""
    rows: dict[str, Any] = {}
    for trial in trials:
        found = {
            "faults": 1,
            "commands": len(trial["commands"]),
            "ended in one line": trial["refused"],
            "typed as advised": trial["advised"],
            **{words: len(trial[key]) for key, words in _BAD.items()},
        }
        rows[trial["kind"]] = rows.get(trial["kind"], 0) + pd.Series(found)
    table = pd.DataFrame(rows).T
    table.loc["all"] = table.sum()
    return table.rename_axis("kind").reset_index()


def bad(trial: Json) -> Json:
    """What must not be, of one trial; nothing, where all is well."""
    return {key: trial[key] for key in _BAD if trial[key]}


def struck(trials: list[Json]) -> dict[str, int]:
    """How often a file of each name was struck, or what else was done; numbers in names are left out."""
    files = [trial for trial in trials if trial["kind"] in faults.FILE_FAULTS]
    names = [
        re.sub(r"\d+(?=\.)", "N", Path(path.partition(",")[0]).name)
        for trial in files
        for path in trial["struck"].split(" and ")
    ]
    others = [
        f"{trial['kind']}: {_in_short(trial)}" for trial in trials if trial not in files
    ]
    return dict(sorted(Counter(names + others).items()))


def _in_short(trial: Json) -> str:
    """What was done; of a killed command its first word."""
    what = trial["struck"].partition(",")[0]
    return what.partition(" ")[0] if trial["kind"] == "kill" else what


def _told(trial: Json) -> Json:
    kept = ("number", "kind", "tree", "struck", "commands")
    return {key: trial[key] for key in kept} | bad(trial)


def write(path: Path, settings: Json, trials: list[Json]) -> pd.DataFrame:
    """Write the record and return its counts."""
    # Not before: until here every child imports the package that it is given.
    from sglr.files.origin import origin

    table = counts(trials)
    record = {
        "settings": settings,
        "seconds": round(sum(trial["seconds"] for trial in trials)),
        "origin": origin("cpu", {}),
        "counts": table.to_dict("records"),
        "struck": struck(trials),
        "what must not be": [_told(trial) for trial in trials if bad(trial)],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n")
    return table
