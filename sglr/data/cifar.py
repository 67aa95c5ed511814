"""CIFAR-10 and CIFAR-100 through torchvision: at SGLR_DATA, or downloaded to data/."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock
from torch import Tensor

from sglr.data.images import ImageSet, balanced_order
from sglr.engine.checkpoints import load_payload, save_payload
from sglr.files.errors import UsageError

_SEED = 0


def cifar10(sizes: list[int]) -> tuple[list[ImageSet], int]:
    """Return training, held-out and test images of CIFAR-10, and 10."""
    return _parts("cifar10", sizes), 10


def cifar100(sizes: list[int]) -> tuple[list[ImageSet], int]:
    """Return training, held-out and test images of CIFAR-100, and 100."""
    return _parts("cifar100", sizes), 100


def _parts(source: str, sizes: list[int]) -> list[ImageSet]:
    """Training, held-out and test images of these sizes; the test images are the official first ones.

    A fixed seed picks the other two, with the classes in equal numbers; the held-out images are the same whatever
    the number of training images. Raises UsageError for sizes beyond the data set and for a root without it.
    """
    train, test = _read(source)
    if sizes[0] + sizes[1] > len(train) or sizes[2] > len(test):
        raise UsageError(
            f"{source} has {len(train)} training and {len(test)} test images; the scale asks for {sizes}"
        )
    order = balanced_order(train.labels, torch.Generator().manual_seed(_SEED))
    held_out, trained_on = order[: sizes[1]], order[sizes[1] : sizes[1] + sizes[0]]
    return [train.at(trained_on), train.at(held_out), test.first(sizes[2])]


def _read(source: str) -> list[ImageSet]:
    """Training and test set, from the file {source}.decoded beside the official ones, made at the first reading."""
    root = Path(os.environ.get("SGLR_DATA") or "data").expanduser()
    cache = root / f"{source}.decoded"
    try:
        content = load_payload(cache)
    except (UsageError, OSError):  # not there yet, damaged, or not ours to read
        content = {
            name: _decode(source, root, train=name == "train")
            for name in ("train", "test")
        }
        with suppress(UsageError):  # a root that can't be written is decoded each time
            save_payload(cache, content)
    return [
        ImageSet(part["images"], part["labels"], 255)
        for part in (content["train"], content["test"])
    ]


def _decode(source: str, root: Path, train: bool) -> dict[str, Tensor]:
    """Images (N, 3, 32, 32) and labels (N,) through torchvision, which compares every file with the official md5."""
    from torchvision.datasets import CIFAR10, CIFAR100

    kind = CIFAR10 if source == "cifar10" else CIFAR100
    given = os.environ.get("SGLR_DATA") or None  # empty is not set
    try:
        try:  # first as it is: the root may be one that can't be written to
            content = kind(str(root), train=train)
        except Exception:  # of as many kinds
            _bring(kind, root, download=given is None)
            content = kind(str(root), train=train)
    except Exception as error:  # torchvision raises many kinds for a missing, truncated or changed file
        reason = " ".join(str(error).split())
        state = "SGLR_DATA is not set" if given is None else f"SGLR_DATA is {given}"
        raise UsageError(
            f"{state}: no intact {source} in {root}/ ({type(error).__name__}: {reason}); "
            "SGLR_DATA names a root that torchvision can read, and without it the archive is downloaded to data/"
        ) from None
    images = torch.from_numpy(np.ascontiguousarray(content.data.transpose(0, 3, 1, 2)))
    return {"images": images, "labels": torch.tensor(content.targets)}


def _bring(kind: Any, root: Path, *, download: bool) -> None:
    """Extract the official archive where it lies in `root` whole, else download it where that is allowed."""
    from torchvision.datasets.utils import check_integrity, extract_archive

    archive = root / kind.filename
    if not download and not archive.exists():
        return
    root.mkdir(parents=True, exist_ok=True)
    # Jobs that start together do it once.
    with FileLock(root / f"{kind.__name__.lower()}.lock"):
        if check_integrity(archive, kind.tgz_md5):
            extract_archive(archive, root)
        elif download:
            kind(str(root), download=True)
