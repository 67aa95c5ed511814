"""What is written of the rot: counts by kind of fault, and a line for each."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

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


def write(path: Path, settings: Json, trials: list[Json]) -> pd.DataFrame:
    """Write the record and return its counts."""
    # Not before: until here every child imports the package that it is given.
    from sglr.files.origin import origin

    table = counts(trials)
    kept = ("number", "kind", "tree", "struck", "commands", "refused", "advised")
    record = {
        "settings": settings,
        "seconds": round(sum(trial["seconds"] for trial in trials)),
        "origin": origin("cpu", {}),
        "counts": table.to_dict("records"),
        "faults": [{key: trial[key] for key in kept} | bad(trial) for trial in trials],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n")
    return table
