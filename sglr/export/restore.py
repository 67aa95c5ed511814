"""A run's published networks, put where its training would have left them."""

import shutil
from pathlib import Path
from typing import Any

from sglr.engine.weights import read_packed, save_weights
from sglr.export.weights import load_model
from sglr.files.errors import UsageError
from sglr.files.published import NETWORKS, checkpoints_of
from sglr.files.records import write_json
from sglr.models.layout import memory_format
from sglr.plan.bound import read_manifest
from sglr.plan.runs import Run
from sglr.plan.scales import Scale

PUBLISHED = "published.json"  # beside restored checkpoints
_RECORDS = ("manifest.json", "history.csv", "labels.csv")


def restore(run: Run, scale: Scale, folder: Path) -> Path:
    """Write the run's published networks to `folder` as checkpoints, and its records where they are not there.

    What evaluates the run then measures these networks, which are not all that a training leaves. Raises UsageError
    where none is published, where it is of another training than the manifest's, and where `folder` holds others.
    """
    networks = checkpoints_of(scale.name, run.id)
    if not networks:
        raise UsageError(f"run {run.id}: no network of it is published at {scale.name}")
    committed = NETWORKS.parent / "results" / scale.name / "runs" / run.id
    for name in _RECORDS:
        if not (folder / name).exists():
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(committed / name, folder / name)
    manifest = read_manifest(folder, run, scale)
    for name, path in networks.items():
        _restore(path, manifest, name, run, folder / f"{name}.safetensors")
    write_json(folder / PUBLISHED, {"checkpoints": list(networks)})
    return folder / PUBLISHED


def _restore(
    path: Path, manifest: dict[str, Any], name: str, run: Run, checkpoint: Path
) -> None:
    """Write the checkpoint that the training wrote: its sha256, computed anew, is the manifest's."""
    header, entry = read_packed(path)[0], manifest[name]
    ours = header.get("checkpoint_sha256"), header.get("epoch")
    if ours != (entry["sha256"], entry["epoch"]):
        raise UsageError(f"{path}: not of the training that manifest.json is of")
    network = load_model(path)
    layout = memory_format(network, manifest["engine"]["channels_last"])
    network.to(memory_format=layout)  # type: ignore[call-overload]
    names = (header["network"], run.id, entry["epoch"])
    if save_weights(checkpoint, network, *names) != entry["sha256"]:
        checkpoint.unlink()
        raise UsageError(
            f"{path}: this version of torch gives another sha256 than the training's did"
        )
