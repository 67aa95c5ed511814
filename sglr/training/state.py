"""What a training saves so that it can go on, between two epochs or between two steps."""

from __future__ import annotations

import json
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sglr.engine import parallel
from sglr.engine.checkpoints import STATE_FORMAT, load_state
from sglr.engine.weights import load_weights
from sglr.files.disk import is_being_written, read_bytes, write_bytes
from sglr.files.errors import UsageError
from sglr.training.recipe import Recipe


@dataclass
class EpochUnderway:
    """An epoch between two of its steps."""

    order: Tensor  # (num_train,) the training images in this epoch's order
    # What `Recipe.step` returned for each step taken.
    steps: list[Tensor] = field(default_factory=list)
    averaged: bool = (
        False  # whether the average of weights has seen the end of the epoch
    )
    seconds: float = 0.0  # spent on it so far

    def to(self, device: torch.device) -> EpochUnderway:
        """The same, its tensors on `device`."""
        return EpochUnderway(
            self.order.to(device),
            [step.to(device) for step in self.steps],
            self.averaged,
            self.seconds,
        )


@dataclass
class State:
    """How far a training has come. `checkpoints` says of which epochs networks lie on disk, and their sha256."""

    history: list[dict[str, Any]] = field(default_factory=list)  # a row an epoch
    labels: list[dict[str, Any]] = field(default_factory=list)  # `labels_now`, likewise
    checkpoints: dict[str, Any] = field(
        default_factory=lambda: {"best": {}, "best_validation": {}, "trajectory": []}
    )
    # Of each epoch, evaluation included.
    seconds: list[float] = field(default_factory=list)
    # Of each epoch, without.
    training_seconds: list[float] = field(default_factory=list)
    underway: EpochUnderway | None = None
    # Who trained what: {"from_epoch", "origin"}, one more where code, versions or device changed.
    stretches: list[dict[str, Any]] = field(default_factory=list)


def payload(
    fingerprint: str,
    state: State,
    recipe: Recipe,
    generator: torch.Generator,
) -> dict[str, Any]:
    """Return what state.pt holds: all that the training needs to go on from here."""
    # Lists and dicts of its own: the training goes on while it is being written.
    plain = {name: copy(value) for name, value in vars(state).items()}
    return {
        "format": STATE_FORMAT,
        "fingerprint": fingerprint,
        "recipe": recipe.state_dict(),
        "generator": generator.get_state(),
        "device": generator.device.type,
        "plain": plain | {"underway": None},
        "underway": vars(state.underway) if state.underway else {},
    }


def resume(
    folder: Path, fingerprint: str, recipe: Recipe, generator: torch.Generator
) -> State:
    """Return the state that folder/state.pt holds, recipe and generator set back to it; else a new one.

    One of other settings, or whose checkpoints are gone or damaged, is not used.
    """
    saved = load_state(folder / "state.pt", fingerprint)
    if saved is None:
        return State()
    state = State(**json.loads(saved["plain"]))
    if _lost_checkpoint(folder, state.checkpoints):
        return State()
    recipe.load_state_dict(saved["recipe"])
    _go_on_drawing(generator, saved, len(state.history))
    if saved["underway"]:
        state.underway = EpochUnderway(**saved["underway"]).to(generator.device)
    return state


def _go_on_drawing(
    generator: torch.Generator, saved: dict[str, Any], done: int
) -> None:
    """Set the generator back; where the state is another kind of device's, whose draws are others, seed it anew."""
    if saved["device"] == generator.device.type:
        generator.set_state(saved["generator"])
        return
    print(
        f"begun on a {saved['device']} device, going on upon a {generator.device.type} one: "
        f"its random numbers from epoch {done + 1} on are new ones",
        flush=True,
    )
    generator.manual_seed(generator.initial_seed() + 1_000_000 * (done + 1))


def _lost_checkpoint(folder: Path, checkpoints: dict[str, Any]) -> bool:
    """Whether a checkpoint that the state counts on is gone for good; then training starts from the first epoch."""
    entries = {
        f"{name}.safetensors": checkpoints[name]
        for name in ("best", "best_validation", "final")
        if checkpoints.get(name)
    }
    entries |= {
        f"trajectory/{entry['epoch']:04d}.safetensors": entry
        for entry in checkpoints["trajectory"]
    }
    for name, entry in entries.items():
        try:
            load_weights(folder / name, entry["sha256"])
        except UsageError as error:
            if not _copied_from_another(folder, name, entries):
                print(f"{error}; starting from the first epoch", flush=True)
                return True
    return False


def _copied_from_another(folder: Path, lost: str, entries: dict[str, Any]) -> bool:
    """Put a checkpoint back from another that is the same epoch's, if there is a whole one."""
    for name, entry in entries.items():
        if name != lost and entry["sha256"] == entries[lost]["sha256"]:
            try:
                load_weights(folder / name, entry["sha256"])
                content = read_bytes(folder / name)
            except UsageError:
                continue
            if parallel.is_first():
                write_bytes(folder / lost, content)
            print(
                f"{folder / lost}: put back from {name}, which is the same", flush=True
            )
            return True
    return False


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of writers that were killed, not those of who is measuring the run meanwhile.

    To be called by the one writer of the folder alone.
    """
    for path in folder.rglob(".*.tmp"):
        if not is_being_written(path):
            with suppress(OSError):
                path.unlink()
