"""A network to take away: one safetensors file, which holds no code, and a model card beside it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from sglr.engine.weights import packed, read_packed
from sglr.export.card import model_card
from sglr.export.robustbench import model_info
from sglr.files.again import command_for
from sglr.files.disk import damaged, write_bytes
from sglr.files.errors import UsageError
from sglr.files.published import find
from sglr.files.records import digest, read_json, write_json
from sglr.files.settings import exact
from sglr.files.shapes import EVALUATION
from sglr.models import build
from sglr.models.networks import check_finite
from sglr.plan.bound import check_evaluation
from sglr.plan.masking import flags

if TYPE_CHECKING:
    from sglr.evaluation.finished import Finished

_BEYOND = 1e-3  # what rounding may add to a pixel


def export(finished: "Finished", checkpoint: str, folder: Path) -> Path:
    """Write RUN-CHECKPOINT.safetensors, its card, .md, and RobustBench's entry, .json, to `folder`; return the weights'
    path.

    Raises UsageError where this checkpoint has not been evaluated.
    """
    evaluated = _evaluation(finished, checkpoint)
    path = folder / f"{finished.run.id}-{checkpoint}.safetensors"
    entry = finished.manifest[checkpoint]
    names = {"run": finished.run.id, "checkpoint": checkpoint}
    names |= {"epoch": entry["epoch"], "checkpoint_sha256": entry["sha256"]}
    content = packed(finished.network(checkpoint).state_dict(), finished.shape, names)
    write_bytes(path, content)
    card = model_card(finished, checkpoint, evaluated, path.name, digest(content))
    write_bytes(path.with_suffix(".md"), card.encode())
    info = model_info(finished, evaluated, flags(evaluated), digest(content))
    write_json(path.with_suffix(".json"), info)
    return path


def _evaluation(finished: "Finished", checkpoint: str) -> dict[str, Any]:
    """What evaluation.json says of the checkpoint that the manifest names."""
    path = finished.folder / "evaluation.json"
    if not path.exists():
        raise UsageError(
            f"run {finished.run.id}: not evaluated yet; evaluate it first: {command_for(path)}"
        )
    evaluation = read_json(path, EVALUATION)
    check_evaluation(evaluation, finished.manifest, path, finished.scale)
    evaluated = evaluation["checkpoints"]
    if checkpoint not in evaluated:
        raise UsageError(
            f"{path}: of {' and '.join(evaluated)} alone; name one with --checkpoint"
        )
    return evaluated[checkpoint]


def load_model(name: str | Path) -> nn.Module:
    """Return an exported network, in eval mode on the CPU: images (N, C, H, W) in [0, 1] to fp32 logits (N, K).

    `name` is a file, or a network that comes with the repository, such as mini/cifar10-sglr_released-s0 (its final one,
    -best its best). Nothing is unpickled. Raises UsageError for a file that is missing, damaged, or another program's;
    the network does so for images that are no floats in [0, 1], such as pixels of 0 to 255.
    """
    path = find(name)
    header, weights = read_packed(path)
    check_finite(weights, str(path))
    try:
        network = build(**header["network"], generator_seed=0).float()
        network.load_state_dict(weights)
    except (TypeError, KeyError, RuntimeError):
        raise damaged(
            path, "its weights are not of the network in its header"
        ) from None
    network.register_forward_pre_hook(_check_pixels, with_kwargs=True)
    return network.eval()


def _check_pixels(
    _: nn.Module, given: tuple[Tensor, ...], named: dict[str, Tensor]
) -> None:
    """Raise UsageError for images that are no floats in [0, 1]: the network would answer, and wrongly."""
    (x,) = [*given, *named.values()]
    if not isinstance(x, Tensor):
        raise UsageError(f"images must be a tensor, got a {type(x).__name__}")
    if not x.is_floating_point():
        raise UsageError(
            f"images must be floats in [0, 1], got {x.dtype}: divide pixels of 0 to 255 by 255"
        )
    # While a network is exported, and within `vmap`, there are no values to look at.
    if not x.numel() or torch.compiler.is_exporting():
        return
    try:
        low, high = (value.item() for value in x.detach().aminmax())
    except RuntimeError:
        return
    if not (low >= -_BEYOND and high <= 1 + _BEYOND):  # NaN is not within, either
        raise UsageError(
            f"images must lie in [0, 1], not normalised, got values within [{exact(low)}, {exact(high)}]"
        )
