"""What a training saves so that it can go on, between two epochs or between two steps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sglr.engine.checkpoints import STATE_FORMAT, load_state, save_payload

Training = Any  # sglr.training.loop's, which imports this module


@dataclass
class Underway:
    """An epoch between two of its steps."""

    order: Tensor  # (num_train,) the training images in this epoch's order
    steps: list[Tensor]  # (4,) of each step taken: loss, images, correct images, gradient norm
    averaged: bool = False  # whether the average of weights has seen the end of the epoch
    seconds: float = 0.0  # spent on it before this process

    def to(self, device: torch.device) -> Underway:
        """The same, its tensors on `device`."""
        return Underway(self.order.to(device), [step.to(device) for step in self.steps], self.averaged, self.seconds)


def save_state(training: Training) -> None:
    """Save all of the training's state in its folder."""
    state = {
        "format": STATE_FORMAT,
        "fingerprint": training.fingerprint,
        "model": training.model.state_dict(),
        "optimizer": training.optimizer.state_dict(),
        "objective": training.objective.state_dict(),
        "average": training.average.state_dict() if training.average else {},
        "generator": training.generator.get_state(),
        "underway": vars(training.underway) if training.underway else {},
        "history": training.history,
        "kept": training.kept,
        "seconds": training.seconds,
        "training_seconds": training.training_seconds,
    }
    save_payload(training.folder / "state.pt", state)


def resume(training: Training) -> None:
    """Take the saved state back where there is one of this training, and all the checkpoints that it counts on."""
    _remove_leftovers(training.folder)
    state = load_state(training.folder / "state.pt", training.fingerprint)
    if state is None or _lost_checkpoint(training.folder, state["kept"]):
        return
    training.model.load_state_dict(state["model"])
    training.optimizer.load_state_dict(state["optimizer"])
    training.objective.load_state_dict(state["objective"])
    if training.average:
        training.average.load_state_dict(state["average"])
    training.generator.set_state(state["generator"])
    training.underway = Underway(**state["underway"]).to(training.device) if state["underway"] else None
    training.history, training.kept = state["history"], state["kept"]
    training.seconds, training.training_seconds = state["seconds"], state["training_seconds"]


def _lost_checkpoint(folder: Path, kept: dict[str, Any]) -> bool:
    """Whether a checkpoint that the state counts on is gone; then training starts from the first epoch."""
    names = [f"{name}.pt" for name in ("best", "best_validation", "final") if kept.get(name)]
    names += [f"trajectory/{entry['epoch']:04d}.pt" for entry in kept["trajectory"]]
    lost = [name for name in names if not (folder / name).exists()]
    if lost:
        print(f"{folder / lost[0]}: no such file; starting from the first epoch", flush=True)
    return bool(lost)


def _remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of writers that were killed; nothing reads them, but each is as large as its file."""
    for path in folder.rglob(".*.tmp"):
        path.unlink(missing_ok=True)
