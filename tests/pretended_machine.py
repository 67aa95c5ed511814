"""The pretended machine: its GPUs, what makes the host wait for them, graphs of operations, and generators."""

import collections
import contextlib
import hashlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch.utils._pytree import tree_flatten

import sglr

CPU = torch.device("cpu")
RealGenerator = torch.Generator
# The folders of the program's own files, whatever the checkout is called.
OWN = (f"{Path(sglr.__file__).parent}/", f"{Path(__file__).parents[1]}/benchmarks/")
CAPTURING = "operation not permitted when stream is capturing"


class Mismatch(RuntimeError):
    """What CUDA says where tensors of two devices meet."""


class Gpu:
    """The machine: its current device, what made the host wait, and the graphs captured."""

    def __init__(self) -> None:
        self.current = 0
        self.waits: collections.Counter[tuple[str, str]] = collections.Counter()
        self.graphs: list[Graph] = []
        self.capturing: Graph | None = None
        self.opened: set[int] = set()  # devices on which memory was taken
        self.sync_debug_mode = "default"

    def wait(self, kind: str) -> None:
        """Note that the host waits for the device here; a thread beside it may."""
        if threading.current_thread() is not threading.main_thread():
            return
        if self.capturing:
            raise RuntimeError(f"{CAPTURING}: {kind} at {place()}")
        if self.sync_debug_mode == "error":
            raise RuntimeError(f"called a synchronizing CUDA operation: {kind}")
        self.waits[kind, place()] += 1

    def index(self, device: Any) -> torch.device:
        """The device with its number, which is the current one's where none is said."""
        number = torch.device(device).index
        number = self.current if number is None else number
        self.opened.add(number)
        return torch.device("cuda", number)


GPU = Gpu()


def place() -> str:
    """The program's own line that is being run."""
    frame: Any = sys._getframe()
    while frame:
        name = frame.f_code.co_filename
        if "autoattack" in name or name.startswith(OWN):
            return f"{'/'.join(name.split('/')[-2:])}:{frame.f_lineno}"
        frame = frame.f_back
    return "a test"


class Graph:
    """torch.cuda.CUDAGraph: the operations on the capturing device, done again on the same memory."""

    def __init__(self) -> None:
        self.operations: list[tuple] = []
        self.device = torch.device("cuda", GPU.current)
        self.replays = 0
        GPU.graphs.append(self)

    def record(self, func, args, kwargs, found, home) -> None:
        if home == self.device:
            self.operations.append((func, args, kwargs, found))

    def end(self) -> None:
        """Nothing has been computed while it was captured: what was made holds no numbers yet."""
        for func, _, _, found in self.operations:
            for each in tree_flatten(found)[0]:
                if fresh(func) and torch.is_tensor(each) and each.is_floating_point():
                    each.fill_(float("nan"))

    @torch.no_grad()
    def replay(self) -> None:
        self.replays += 1
        for func, args, kwargs, found in self.operations:
            again = tree_flatten(func(*args, **kwargs))[0]
            for old, new in zip(tree_flatten(found)[0], again, strict=True):
                if fresh(func) and torch.is_tensor(old):
                    old.copy_(new)


def fresh(func: Any) -> bool:
    """Whether the operation's results are new memory."""
    return all(result.alias_info is None for result in func._schema.returns)


@contextlib.contextmanager
def capture(graph: Graph, **_: Any) -> Iterator[None]:
    """torch.cuda.graph."""
    graph.device = torch.device("cuda", GPU.current)
    GPU.capturing = graph
    try:
        yield
    finally:
        GPU.capturing = None
    graph.end()


class Stream:
    """torch.cuda.Stream, in whose place everything happens in turn."""

    def __init__(self, device: Any = None) -> None:
        pass

    def wait_stream(self, other: "Stream") -> None:
        pass


class Generator:
    """A CUDA generator as far as its state goes: 16 bytes, seed and offset."""

    def __init__(self, device: Any):
        self.device, self.seed, self.offset = GPU.index(device), 0, 0

    def manual_seed(self, seed: int) -> "Generator":
        self.seed, self.offset = seed, 0
        return self

    def initial_seed(self) -> int:
        return self.seed

    def draw(self) -> torch.Generator:
        """A CPU generator for one draw."""
        if GPU.capturing:
            raise RuntimeError("a generator that is not registered with the graph")
        self.offset += 4
        words = hashlib.sha256(f"{self.seed} {self.offset}".encode()).digest()
        return RealGenerator().manual_seed(int.from_bytes(words[:7], "little"))

    def get_state(self) -> torch.Tensor:
        return torch.tensor([self.seed, self.offset]).view(torch.uint8)

    def set_state(self, state: torch.Tensor) -> "Generator":
        if state.device.type == "cuda" or state.dtype != torch.uint8:
            raise TypeError("RNG state must be a torch.ByteTensor")
        if state.numel() != 16:
            raise RuntimeError("RNG state is wrong size")
        self.seed, self.offset = state.view(torch.int64).tolist()
        return self
