"""Networks that this repository did not train: weights of any usual file, loaded as data, into any module."""

import io
from collections.abc import Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from torch import Tensor, nn

from sglr.files.disk import read_bytes
from sglr.files.errors import UsageError
from sglr.files.records import digest

Weights = dict[str, Tensor]
_DIGEST_LENGTH = 64  # ahead of a checkpoint of ours


class Normalised(nn.Module):
    """A network whose own inputs are (x - mean) / std, as one that takes images x in [0, 1]."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, mean: Sequence[float], std: Sequence[float]):
        """`mean` and `std` by channel, or one for all. Raises UsageError where `std` is not above 0."""
        super().__init__()
        self.network = network
        for name, values in (("mean", mean), ("std", std)):
            value = torch.as_tensor(values, dtype=torch.float32)
            self.register_buffer(name, value.reshape(-1, 1, 1))
        if not self.mean.isfinite().all() or not (self.std > 0).all():
            raise UsageError("normalise: STD must be above 0, MEAN finite")

    def forward(self, x: Tensor) -> Tensor:
        """Return the network's logits (N, K) of images (N, C, H, W) in [0, 1]."""
        return self.network((x - self.mean) / self.std)


def read_weights(path: Path) -> Weights:
    """Return the state dict in `path`: safetensors, or what `torch.save` wrote, bare or inside a checkpoint.

    Nothing in the file is run. Raises UsageError where it is missing, damaged, holds objects, or no state dict.
    """
    content = read_bytes(path)
    if content[:_DIGEST_LENGTH] == digest(content[_DIGEST_LENGTH:]).encode():
        content = content[_DIGEST_LENGTH:]
    if path.suffix.lower() == ".safetensors" or content[8:9] == b"{":
        try:
            return load_safetensors(content)
        except SafetensorError:
            raise UsageError(f"{path}: damaged, or no safetensors file") from None
    try:
        found = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except (
        Exception
    ) as error:  # torch and pickle raise many kinds for a file that is no such
        if isinstance(error, UnpicklingError) and "global" in str(error).lower():
            raise UsageError(
                f"{path}: holds more than tensors and plain values, so it is not loaded; save its state_dict() alone"
            ) from None
        if "TorchScript" in str(error):
            raise UsageError(
                f"{path}: a TorchScript archive, which is code; save its state_dict() alone"
            ) from None
        raise UsageError(f"{path}: damaged, or not written by torch.save") from None
    return _state_dict(found, path)


def _state_dict(found: Any, path: Path) -> Weights:
    """The one mapping of tensors in what a file holds."""
    if not isinstance(found, Mapping):
        raise UsageError(f"{path}: holds a {type(found).__name__}, not a state dict")
    if _is_state_dict(found):
        return dict(found)
    inside = {key: value for key, value in found.items() if _is_state_dict(value)}
    if len(inside) > 1:
        raise UsageError(
            f"{path}: holds several networks, {', '.join(map(str, inside))}; save the state dict of one alone"
        )
    if not inside:
        raise UsageError(
            f"{path}: no state dict in it; its keys: {', '.join(map(str, found))[:200]}"
        )
    return dict(next(iter(inside.values())))


def _is_state_dict(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and len(value) > 0
        and all(isinstance(each, Tensor) for each in value.values())
        and all(isinstance(key, str) for key in value)
    )


def fill(network: nn.Module, weights: Weights, where: str) -> None:
    """Load the weights into `network`, whatever stands before their names, such as `module.` or `model.`.

    Raises UsageError, beginning with `where`, where none fits, one is missing, left over, or of another shape.
    """
    own, parameters = network.state_dict(), dict(network.named_parameters())
    ahead, behind = _prefixes(list(weights), list(own))
    named = {
        behind + name.removeprefix(ahead): value for name, value in weights.items()
    }
    if not named.keys() & own.keys():
        raise UsageError(
            f"{where}: none of its {len(weights)} weights has a place in the network: "
            f"the file has {next(iter(weights), 'none')!r}, the network {next(iter(own), 'none')!r}"
        )
    # A wrapper's own constants, such as a mean to subtract, need no value.
    missing = [
        key
        for key in own.keys() - named.keys()
        if key in parameters or key.startswith(behind)
    ]
    missing = [key for key in missing if not key.endswith("num_batches_tracked")]
    _refuse(sorted(named.keys() - own.keys()), f"{where}: no place in the network for")
    _refuse(sorted(missing), f"{where}: it has no value for the network's")
    for key, value in named.items():
        if value.shape != own[key].shape:
            raise UsageError(
                f"{where}: {key} is {tuple(value.shape)} there and {tuple(own[key].shape)} in the network; "
                "another --set network.width=, --architecture, or --model"
            )
        if own[key].is_floating_point() and not value.is_floating_point():
            raise UsageError(f"{where}: {key} is {value.dtype} there: quantised?")
    network.load_state_dict(named, strict=False)


def _refuse(names: list[str], what: str) -> None:
    if names:
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        raise UsageError(f"{what} {names[0]}{more}; another --architecture, or --model")


def _prefixes(theirs: list[str], ours: list[str]) -> tuple[str, str]:
    """What stands before their names, and before ours: what the two names that end alike the longest begin with."""
    pairs = ((one, other, _common_end(one, other)) for one in theirs for other in ours)
    one, other, length = max(pairs, key=lambda pair: pair[2], default=("", "", 0))
    if not length:
        return "", ""
    return one[: len(one) - length], other[: len(other) - length]


def _common_end(one: str, other: str) -> int:
    """How many characters the last dotted parts have that two names share."""
    shared = takewhile(
        lambda pair: pair[0] == pair[1],
        zip(reversed(one.split(".")), reversed(other.split(".")), strict=False),
    )
    return len(".".join(part for part, _ in shared))
