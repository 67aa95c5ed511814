"""What must hold of a run's folder, disturbed or not."""

import csv
import json
from pathlib import Path
from typing import Any

from sglr.engine.checkpoints import STATE_FORMAT, WEIGHTS_FORMAT, load_payload
from sglr.engine.weights import load_weights
from sglr.files.records import digest, read_json
from sglr.files.sums import check_sums

_CHECKPOINTS = ("best", "best_validation", "final")


def results_of(folder: Path) -> dict[str, Any]:
    """What a disturbed run must share, bit for bit, with an undisturbed one: records, and digests of all weights."""
    manifest = read_json(folder / "manifest.json")
    for name in _CHECKPOINTS:
        # As every later step reads it.
        load_weights(folder / f"{name}.safetensors", manifest[name]["sha256"])
    records = {
        name: digest((folder / name).read_bytes())
        for name in ("history.csv", "labels.csv", "label_accuracy.csv")
    }
    return records | {name: manifest[name] for name in (*_CHECKPOINTS, "trajectory")}


def check_whole(folder: Path) -> int:
    """Read every file that has its final name; return how many. Raises UsageError or ValueError for a broken one."""
    paths = [
        path
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    ]
    for path in paths:
        if path.suffix == ".sha256":
            _check_sums(path)
        elif path.suffix == ".safetensors":
            load_weights(path)
        elif path.suffix == ".pt":
            load_payload(
                path,
                version=STATE_FORMAT if path.name == "state.pt" else WEIGHTS_FORMAT,
            )
        elif path.suffix == ".json":
            read_json(path)
        else:
            _check_csv(path)
    return len(paths)


def _check_sums(path: Path) -> None:
    for line in path.read_text().splitlines():
        beside = path.parent / line.partition("  ")[2]
        check_sums(beside, beside.read_bytes())


def _check_csv(path: Path) -> None:
    text = path.read_text()
    lengths = {len(row) for row in csv.reader(text.splitlines())}
    if not text.endswith("\n") or len(lengths) != 1:
        raise ValueError(f"{path}: not a whole table")


def saved_epochs(folder: Path) -> int:
    """How many epochs the saved state has, 0 where there is none."""
    state = folder / "state.pt"
    return (
        len(json.loads(load_payload(state, version=STATE_FORMAT)["plain"])["history"])
        if state.exists()
        else 0
    )
