"""When a training's files are written, and by whom: on a GPU by a thread, from copies, while the training goes on."""

import json
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_map_only

from sglr.engine import parallel
from sglr.engine.checkpoints import packed
from sglr.engine.weights import checkpoint
from sglr.files.disk import write_together
from sglr.models.networks import check_finite

_SECONDS_BETWEEN = 60  # from the beginning of one writing to that of the next
Json = dict[str, Any]


class Saver:
    """Writes states, each together with the checkpoints that it counts on.

    On a CPU at once. On a GPU a thread writes, not more often than once a minute; what still waits when the training
    ends, however it ends, is written by `close`. `names` are the run and the network's shape, for checkpoints.
    """

    def __init__(self, folder: Path, device: torch.device, names: Json):
        self.folder, self.device, self.names = folder, device, names
        self.aside = device.type == "cuda"
        self.checkpoints: dict[str, tuple[Json, Json]] = {}  # name -> entry, weights
        self.waiting: Callable[[], None] | None = None
        self.writing: Future[None] | None = None
        self.thread = ThreadPoolExecutor(1)
        self.last_begun = -float("inf")

    def keep(self, name: str, network: nn.Module, epoch: int) -> Json:
        """Have folder/`name` written with the next state. Return its entry there, which is given the file's sha256."""
        entry: Json = {"epoch": epoch}
        self.checkpoints[name] = entry, self._copied(network.state_dict())
        return entry

    def save(self, state: Json) -> None:
        """Write folder/state.pt, now or when its minute has come, unless a later state has taken its place by then.

        Raises UsageError where this writing, or one of before by the thread, has failed.
        """
        state = state | {"recipe": self._copied(state["recipe"])}
        self.waiting = partial(
            self._write, dict(self.checkpoints), state, self._ready()
        )
        if not self.aside:
            self._begin()()
            return
        if self.writing and self.writing.done():
            self.writing.result()
            self.writing = None
        if not self.writing and monotonic() - self.last_begun >= _SECONDS_BETWEEN:
            self.writing = self.thread.submit(self._begin())

    def close(self) -> None:
        """Write what waits, and wait for it. Raises UsageError as `save`."""
        if self.writing:
            self.writing.result()
        if self.waiting:
            self._begin()()
        self.thread.shutdown()

    def _copied(self, values: Any) -> Any:
        """What may be written while the originals change: on a GPU a copy there of every tensor inside."""
        return tree_map_only(Tensor, Tensor.clone, values) if self.aside else values

    def _begin(self) -> Callable[[], None]:
        """What waits, which is from now on somebody's to write."""
        assert self.waiting
        write, self.waiting = self.waiting, None
        self.checkpoints, self.last_begun = {}, monotonic()
        return write

    def _ready(self) -> torch.cuda.Stream | None:
        """A stream of its own, for the time when all that is queued until here has been computed."""
        if not self.aside:
            return None
        stream = torch.cuda.Stream(self.device)
        stream.wait_stream(torch.cuda.current_stream(self.device))
        return stream

    def _write(
        self,
        checkpoints: dict[str, tuple[Json, Json]],
        state: Json,
        stream: torch.cuda.Stream | None,
    ) -> None:
        files = {}
        with torch.cuda.stream(stream) if stream else nullcontext():
            for name, (entry, weights) in checkpoints.items():
                weights, epoch = self._on_host(weights), entry["epoch"]
                check_finite(weights, f"run {self.names['run']}, epoch {epoch}")
                entry["sha256"], files[name] = checkpoint(
                    weights, epoch=epoch, **self.names
                )
            # One text: pickling thousands of plain values epoch after epoch would take a tenth of a small training.
            state = state | {"plain": json.dumps(state["plain"])}
            _, files["state.pt"] = packed(self._on_host(state))
        if parallel.is_first():
            write_together({self.folder / name: files[name] for name in files})

    def _on_host(self, payload: Json) -> Json:
        return tree_map_only(Tensor, Tensor.cpu, payload) if self.aside else payload
