"""What AutoAttack leaves beside an evaluation: its log, and on request the images it ends with."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from safetensors.torch import save

from sglr.data.images import ImageSet
from sglr.evaluation.autoattack import AutoAttackResult
from sglr.evaluation.bench import Measured
from sglr.files.disk import remove, write_bytes


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


@dataclass(frozen=True)
class Files:
    """What a judgement leaves in `folder`, where there is one, besides its record."""

    folder: Path | None
    name: str
    keep_images: bool

    @property
    def underway(self) -> Path | None:
        """Where an interrupted judgement goes on from."""
        return self.folder and self.folder / f"{self.name}.underway"

    def write(self, measured: Measured, images: ImageSet) -> None:
        """Write AutoAttack's log and images; those of an earlier judgement of this name go."""
        if self.folder is None:
            return
        log = self.folder / f"{self.name}.log"
        kept = self.folder / f"{self.name}-adversarial.safetensors"
        for path in (log, kept):
            remove(path)
        if measured.attacked:
            write_log(log, [measured])
        if measured.attacked and self.keep_images:
            keep_adversarial(kept, measured.attacked, images)


def file_name(name: str) -> str:
    """Return `name` as that of a file: without folders, and of plain characters."""
    return re.sub(r"[^A-Za-z0-9_.=-]+", "-", name).strip(".-") or "network"
