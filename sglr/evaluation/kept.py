"""What AutoAttack leaves beside an evaluation: its log, and on request the images it ends with."""

from collections.abc import Iterable
from pathlib import Path

from safetensors.torch import save

from sglr.data.images import ImageSet
from sglr.evaluation.autoattack import AutoAttackResult
from sglr.evaluation.bench import Measured
from sglr.files.disk import write_bytes


def keep_adversarial(path: Path, attacked: AutoAttackResult, test: ImageSet) -> None:
    """Write what AutoAttack ends with, as safetensors.

    `images` (N, C, H, W) float32 in [0, 1], adversarial where one was found, else the test image; `labels` (N,) int64;
    `correct` (N,) bool, which of them the network still classifies right.
    """
    tensors = {
        "images": attacked.images.cpu().contiguous(),
        "labels": test.labels[: len(attacked.correct)].cpu().contiguous(),
        "correct": attacked.correct.cpu(),
    }
    write_bytes(path, save(tensors))


def write_log(path: Path, measured: Iterable[Measured]) -> None:
    """Write what the package said of each network in turn, and a line an attack: robust so far, seconds."""
    attacked = [each.attacked for each in measured if each.attacked]
    lines = [line for each in attacked for line in each.log]
    write_bytes(path, "".join(f"{line}\n" for line in lines).encode())
