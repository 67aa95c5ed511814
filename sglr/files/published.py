"""The networks that come with the repository, by name: networks/SCALE/RUN-CHECKPOINT.safetensors. Imports no torch."""

from pathlib import Path
from typing import Any

from sglr.files.errors import UsageError
from sglr.files.records import read_json
from sglr.files.settings import unknown
from sglr.files.shapes import PUBLISHED

NETWORKS = Path(__file__).resolve().parents[2] / "networks"
_CHOSEN = ("final", "best")


def published() -> dict[str, dict[str, Any]]:
    """Return name (mini/cifar10-at-s0-final) -> what the JSON beside the network says of it."""
    paths = sorted(NETWORKS.glob("*/*.json"))
    return {
        f"{path.parent.name}/{path.stem}": read_json(path, PUBLISHED) for path in paths
    }


def checkpoints_of(scale: str, run: str) -> dict[str, Path]:
    """Return checkpoint -> file of a run's published networks; none of most runs."""
    paths = {name: NETWORKS / scale / f"{run}-{name}.safetensors" for name in _CHOSEN}
    return {name: path for name, path in paths.items() if path.exists()}


def published_runs() -> list[tuple[str, str]]:
    """Return scale and run of every published network."""
    names = (name.rpartition("-")[0].split("/") for name in published())
    return sorted({(scale, run) for scale, run in names})


def find(name: str | Path) -> Path:
    """Return the file that `name` means: one that is there, or a published network, SCALE/RUN its final one.

    Raises UsageError where it is neither.
    """
    path = Path(name).expanduser()
    if path.exists() or path.suffix or str(name).count("/") != 1:
        return path
    for ending in ("", f"-{_CHOSEN[0]}"):
        found = NETWORKS / f"{name}{ending}.safetensors"
        if found.exists():
            return found
    names = [one.removesuffix(f"-{_CHOSEN[0]}") for one in published()]
    raise UsageError(
        f"{name}: no such file, and {unknown(str(name), names, 'network')}"
    )
