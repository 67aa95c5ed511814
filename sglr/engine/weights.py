"""Networks on disk: one safetensors file each, which any program reads, and which holds no code."""

import io
import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from sglr.engine.checkpoints import load_payload
from sglr.files.disk import damaged, read_bytes, write_bytes
from sglr.files.errors import UsageError
from sglr.files.records import digest

FORMAT = 1  # raise it with whatever is added to the header or taken away

Header = dict[str, Any]
Weights = dict[str, Tensor]


def checkpoint(
    weights: Weights, *, run: str, epoch: int, shape: dict[str, Any]
) -> tuple[str, bytes]:
    """Return a checkpoint's sha256, and what its file holds: that sha256 in the header, and the weights.

    The sha256 is that of what `torch.save` makes of run, epoch and weights, though no such file is written: so it names
    the same network as in manifests of trainings that wrote one.
    """
    content = io.BytesIO()
    torch.save({"run": run, "epoch": epoch, "weights": weights}, content)
    sha256 = digest(content.getvalue())
    names = {"run": run, "epoch": epoch, "checkpoint_sha256": sha256}
    return sha256, packed(weights, shape, names)


def save_weights(
    path: Path, network: nn.Module, shape: dict[str, Any], run: str, epoch: int
) -> str:
    """Write a checkpoint atomically; return its sha256."""
    names: dict[str, Any] = {"run": run, "epoch": epoch, "shape": shape}
    sha256, content = checkpoint(network.state_dict(), **names)
    write_bytes(path, content)
    return sha256


def load_weights(path: Path, sha256: str | None = None) -> dict[str, Any]:
    """Return run, epoch and weights of a checkpoint that `checkpoint` gave `sha256` for; without it, of any.

    Raises UsageError where the file is missing, truncated, changed, another checkpoint, or of another format.
    """
    # Of a training from before checkpoints were safetensors.
    if not path.exists() and path.with_suffix(".pt").exists():
        return load_payload(path.with_suffix(".pt"), sha256)
    header, weights = read_packed(path)
    if sha256 and sha256 != header.get("checkpoint_sha256"):
        raise damaged(path, "not the checkpoint that manifest.json names")
    return {key: header.get(key) for key in ("run", "epoch")} | {"weights": weights}


def packed(weights: Weights, shape: dict[str, Any], names: dict[str, Any]) -> bytes:
    """Return a safetensors file of the weights; its header has `names`, the `shape` that `build` needs, and a sha256.

    The header is one entry of JSON: safetensors does not keep the order of several, so the bytes would vary.
    """
    weights = {name: value.cpu().contiguous() for name, value in weights.items()}
    header = {
        "format": FORMAT,
        **names,
        "network": shape,
        "sha256": _checksum(shape, weights),
    }
    return save(weights, {"sglr": json.dumps(header)})


def read_packed(path: Path) -> tuple[Header, Weights]:
    """Return header and weights of what `packed` made.

    Raises UsageError where the file is missing, damaged, or another program's.
    """
    content = read_bytes(path)
    try:
        weights = load(content)
        header = json.loads(_metadata(content).get("sglr", "{}"))
    except (SafetensorError, ValueError):
        raise damaged(path, "or no safetensors file") from None
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise UsageError(
            f"{path}: not written by this version of `sglr` (format {FORMAT})"
        )
    if header.get("sha256") != _checksum(header.get("network"), weights):
        raise damaged(path, "its checksum does not match its content")
    return header, weights


def _metadata(content: bytes) -> dict[str, str]:
    """The text beside the tensors: a safetensors file begins with the length of its JSON, eight bytes, and the JSON."""
    end = 8 + int.from_bytes(content[:8], "little")
    return json.loads(content[8:end]).get("__metadata__") or {}


def _checksum(shape: Any, weights: Weights) -> str:
    """The sha256 of shape, names and values, of which safetensors itself checks the lengths alone."""
    parts = [json.dumps(shape, sort_keys=True).encode()]
    for name in sorted(weights):
        parts += [
            name.encode(),
            weights[name].reshape(-1).view(torch.uint8).numpy().tobytes(),
        ]
    return digest(b"\0".join(parts))
