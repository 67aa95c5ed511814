"""A pretended CUDA device for tests: real numbers in main memory, CUDA's rules, and a list of what makes the host wait.

Within `pretended()` the program's own code runs with `SGLR_DEVICE=cuda`: tensors say that they are on a GPU, mix with
none of another device, draw from CUDA generators of 16 bytes, and are captured in graphs that replay the recorded
operations on the recorded memory, as CUDA's do: what Python does between them happens once.

It cannot show: races between streams, what cuDNN chooses and how it rounds, memory that runs out, NCCL, CUDA's list of
what autocast casts (the CPU's stands in), tensors that C++ makes by itself in a backward pass (they count as the CPU's
scalars do), how long anything takes, and whatever a driver refuses that is not written here.
"""

import collections
import contextlib
import hashlib
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.utils._foreach_utils
from torch.nn.utils import clip_grad
from torch.optim.optimizer import _foreach_supported_types
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import return_and_correct_aliasing
from torch.utils._pytree import tree_flatten, tree_map_only

aten = torch.ops.aten
CPU = torch.device("cpu")
RealGenerator = torch.Generator
CAPTURING = "operation not permitted when stream is capturing"
# Operations whose result the host needs at once.
LOOKS = {
    aten._local_scalar_dense.default: "item",
    aten.is_nonzero.default: "bool",
    aten.nonzero.default: "nonzero",
    aten.equal.default: "equal",
    aten.masked_select.default: "masked_select",
    aten._unique2.default: "unique",
}
INDEXING = {
    aten.index.Tensor,
    aten.index_put_.default,
    aten.index_put.default,
    aten._index_put_impl_.default,
    aten._unsafe_index.Tensor,
}


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
            raise RuntimeError(f"{CAPTURING}: {kind} at {_place()}")
        if self.sync_debug_mode == "error":
            raise RuntimeError(f"called a synchronizing CUDA operation: {kind}")
        self.waits[kind, _place()] += 1

    def index(self, device: Any) -> torch.device:
        """The device with its number, which is the current one's where none is said."""
        number = torch.device(device).index
        number = self.current if number is None else number
        self.opened.add(number)
        return torch.device("cuda", number)


GPU = Gpu()


def _place() -> str:
    """The program's own line that is being run."""
    frame: Any = sys._getframe()
    while frame:
        name = frame.f_code.co_filename
        if any(part in name for part in ("/sglr/", "/benchmarks/", "autoattack")):
            return f"{'/'.join(name.split('/')[-2:])}:{frame.f_lineno}"
        frame = frame.f_back
    return "a test"


class OnCuda(torch.Tensor):
    """A tensor that Python finds on a GPU. C++ sees the CPU, for its autograd would ask a driver otherwise."""

    __torch_function__ = torch._C._disabled_torch_function_impl
    device = property(lambda self: self.home)
    is_cuda = property(lambda self: True)
    is_cpu = property(lambda self: False)

    @staticmethod
    def __new__(cls, own, home):
        made = torch.Tensor._make_wrapper_subclass(
            cls,
            own.size(),
            strides=own.stride(),
            storage_offset=own.storage_offset(),
            dtype=own.dtype,
            layout=own.layout,
            device="cpu",
        )
        made.own, made.home = own, home
        return made

    def __init__(self, own, home):
        pass

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return _dispatch(func, args, kwargs or {})

    def to(self, *args, **kwargs):
        device, args, kwargs = _device_in(args, kwargs)
        if device is None or device.type == "cuda":
            if device is not None and GPU.index(device) != self.home:
                raise NotImplementedError("copies between two GPUs are not pretended")
            return super().to(*args, **kwargs) if args or kwargs else self
        GPU.wait("device to host")
        return self.own.detach().clone().to(*args, **kwargs)

    def cpu(self, *args):
        return self.to("cpu")

    def cuda(self, *args):
        return self

    def tolist(self):
        GPU.wait("tolist")
        return self.own.tolist()

    def numpy(self, *, force=False):
        if not force:
            raise TypeError("can't convert cuda:0 device type tensor to numpy.")
        GPU.wait("numpy")
        return self.own.detach().numpy()

    def __array__(self, *args):
        return self.numpy()

    def __format__(self, spec):
        return format(self.item(), spec) if spec else repr(self)

    def __repr__(self):
        return f"OnCuda({self.own!r}, {self.home})"

    def new_tensor(self, data, **kwargs):
        GPU.wait("new_tensor: host to device")
        return OnCuda(torch.tensor(data, dtype=self.dtype), self.home)

    def __deepcopy__(self, memo):
        with torch.no_grad():
            copied = self.detach().clone(memory_format=torch.preserve_format)
        copied.requires_grad_(self.requires_grad)
        if isinstance(self, torch.nn.Parameter):
            copied._is_param = True
        memo[id(self)] = copied
        return copied

    def __reduce_ex__(self, protocol):
        GPU.wait("save")
        return self.own.detach().__reduce_ex__(protocol)


def _device_in(args: Any, kwargs: Any) -> tuple[torch.device | None, list, dict]:
    """The device that the arguments of `to` name, and the arguments without it and without what only paces."""
    kwargs = {k: v for k, v in kwargs.items() if k not in ("non_blocking", "copy")}
    device, rest = kwargs.pop("device", None), []
    for each in args:
        if isinstance(each, (str, torch.device)):
            device = each
        elif isinstance(each, torch.Tensor):
            device, _ = each.device, rest.append(each.dtype)
        elif each is not None and not isinstance(each, bool):
            rest.append(each)
    return None if device is None else torch.device(device), rest, kwargs


def _wrapped(value: Any, home: torch.device) -> Any:
    plain = isinstance(value, torch.Tensor) and not isinstance(value, OnCuda)
    return OnCuda(value, home) if plain else value


def _dispatch(func: Any, args: Any, kwargs: Any) -> Any:
    """One operation: CUDA's rules, then the arithmetic, then a line in the graph that is being captured."""
    tensors = [t for t in tree_flatten((args, kwargs))[0] if torch.is_tensor(t)]
    home = _home(func, args, tensors)
    if func in LOOKS:
        GPU.wait(LOOKS[func])
    inner, options = tree_map_only(OnCuda, lambda t: t.own, (args, dict(kwargs)))
    if options.get("device") is not None:
        options["device"] = CPU
    found = func(*inner, **options)
    if GPU.capturing:
        GPU.capturing.record(func, inner, options, found, home)
    if home.type == "cpu":
        return args[0] if func is aten.copy_.default else found
    found = tree_map_only(torch.Tensor, lambda t: _wrapped(t, home), found)
    return return_and_correct_aliasing(func, args, kwargs, found)


def _home(func: Any, args: Any, tensors: list[torch.Tensor]) -> torch.device:
    """Where the result lies. Raises Mismatch where CUDA would refuse."""
    own = [t for t in tensors if isinstance(t, OnCuda)]
    if func in INDEXING:
        return _home_of_indexed(func, args)
    if func is aten.copy_.default and isinstance(args[0], OnCuda) != isinstance(
        args[1], OnCuda
    ):
        if args[1].dim() or not isinstance(args[0], OnCuda):
            GPU.wait("copy_ across devices")
        return args[0].device
    others = {str(t.device) for t in tensors if not isinstance(t, OnCuda) and t.dim()}
    if others or len({t.home for t in own}) > 1:
        names = sorted(others | {str(t.home) for t in own})
        raise Mismatch(
            f"{func}: Expected all tensors to be on the same device, found {names} at {_place()}"
        )
    return own[0].home


def _home_of_indexed(func: Any, args: Any) -> torch.device:
    indexed, indices = args[0], [index for index in args[1] if index is not None]
    if not isinstance(indexed, OnCuda):
        raise Mismatch(f"{func}: indices should be on the cpu at {_place()}")
    if any(not isinstance(index, OnCuda) for index in indices):
        GPU.wait("index from the cpu")
    put = len(args) > 2
    if put and not isinstance(args[2], OnCuda) and args[2].dim():
        raise Mismatch(f"{func}: values on the cpu at {_place()}")
    chosen = any(index.dtype in (torch.bool, torch.uint8) for index in indices)
    if chosen and not (put and args[2].numel() == 1):
        GPU.wait("boolean index")
    return indexed.home


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
                if _fresh(func) and torch.is_tensor(each) and each.is_floating_point():
                    each.fill_(float("nan"))

    @torch.no_grad()
    def replay(self) -> None:
        self.replays += 1
        for func, args, kwargs, found in self.operations:
            again = tree_flatten(func(*args, **kwargs))[0]
            for old, new in zip(tree_flatten(found)[0], again, strict=True):
                if _fresh(func) and torch.is_tensor(old):
                    old.copy_(new)


def _fresh(func: Any) -> bool:
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
        if isinstance(state, OnCuda) or state.dtype != torch.uint8:
            raise TypeError("RNG state must be a torch.ByteTensor")
        if state.numel() != 16:
            raise RuntimeError("RNG state is wrong size")
        self.seed, self.offset = state.view(torch.int64).tolist()
        return self


def _on_cuda(device: Any) -> bool:
    return device is not None and torch.device(device).type == "cuda"


def _drawing(function: Callable) -> Callable:
    """torch.rand and its like: the generator must be of the device on which is drawn."""

    def draw(*args, generator=None, device=None, **kwargs):
        if not _on_cuda(device):
            if isinstance(generator, Generator):
                raise Mismatch("Expected a 'cpu' device type for generator")
            return function(*args, generator=generator, device=device, **kwargs)
        home = GPU.index(device)
        if generator is None:
            return OnCuda(function(*args, **kwargs), home)
        if not isinstance(generator, Generator) or generator.device != home:
            raise Mismatch(f"Expected a generator of {home} at {_place()}")
        return OnCuda(function(*args, generator=generator.draw(), **kwargs), home)

    return draw


class Factories(TorchFunctionMode):
    """What makes tensors on a device, or brings them there."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs, name = kwargs or {}, getattr(func, "__name__", "")
        first = args[0] if args else None
        if name == "one_hot" and isinstance(first, OnCuda):
            # A scatter on CUDA, which looks at no value.
            return OnCuda(func(first.own, *args[1:], **kwargs), first.home)
        if name in ("to", "cuda") and torch.is_tensor(first):
            device, rest, options = _device_in(args[1:], kwargs)
            if name == "cuda" or _on_cuda(device):
                return self._brought(first, device or "cuda", rest, options)
        if _on_cuda(kwargs.get("device")) and not any(
            isinstance(each, OnCuda) for each in args
        ):
            if name in ("tensor", "as_tensor", "asarray"):
                GPU.wait(f"torch.{name}: host to device")
            options = {**kwargs, "device": "cpu"}
            needs = options.pop("requires_grad", False)
            made = OnCuda(func(*args, **options), GPU.index(kwargs["device"]))
            return made.requires_grad_(needs)
        return func(*args, **kwargs)

    def _brought(self, plain, device, rest, options):
        """A plain tensor's copy on the device."""
        GPU.wait("host to device")
        copied = plain.detach().clone(memory_format=torch.preserve_format)
        copied = copied.to(*rest, **options) if rest or options else copied
        return OnCuda(copied, GPU.index(device)).requires_grad_(plain.requires_grad)


@contextlib.contextmanager
def _device(device: Any) -> Iterator[None]:
    """torch.cuda.device."""
    before, GPU.current = GPU.current, GPU.index(device).index
    try:
        yield
    finally:
        GPU.current = before


def _set_device(device: Any) -> None:
    GPU.current = (
        torch.device("cuda", device).index
        if isinstance(device, int)
        else (torch.device(device).index or 0)
    )


CUDA = {
    "is_available": lambda: True,
    "is_bf16_supported": lambda **_: True,
    "device_count": lambda: 2,
    "current_device": lambda: GPU.current,
    "set_device": _set_device,
    "device": _device,
    "get_device_name": lambda device=None: "pretended GPU",
    "synchronize": lambda device=None: GPU.wait("synchronize"),
    "empty_cache": lambda: None,
    "max_memory_allocated": lambda *_: 0,
    "set_per_process_memory_fraction": lambda *_: None,
    "set_sync_debug_mode": lambda mode: setattr(GPU, "sync_debug_mode", mode),
    "Stream": Stream,
    "stream": lambda stream: contextlib.nullcontext(),
    "current_stream": lambda device=None: Stream(),
    "CUDAGraph": Graph,
    "graph": capture,
    "get_rng_state": lambda device="cuda": torch.zeros(16, dtype=torch.uint8),
    "set_rng_state": lambda state, device="cuda": None,
    "manual_seed_all": lambda seed: None,
}


@contextlib.contextmanager
def pretended() -> Iterator[Gpu]:
    """Within, this machine has two pretended GPUs; yield what is known of them."""
    GPU.__init__()  # type: ignore[misc]
    real_autocast, real_to = torch.autocast, torch.nn.Module.to

    def autocast(device_type, *args, **kwargs):
        return real_autocast("cpu", *args, **kwargs)

    def module_to(self, *args, **kwargs):
        like = args[0] if args and isinstance(args[0], OnCuda) else None
        return real_to(
            self, *((like.device, like.dtype) if like is not None else args), **kwargs
        )

    class AnyGenerator:
        def __new__(cls, device="cpu"):
            return Generator(device) if _on_cuda(device) else RealGenerator(device)

    places: list[tuple[Any, str, Any]] = [
        (torch.cuda, name, value) for name, value in CUDA.items()
    ]
    places += [(torch, name, _drawing(getattr(torch, name))) for name in DRAWING]
    places += [
        (torch, "Generator", AnyGenerator),
        (torch, "autocast", autocast),
        (torch.nn.Module, "to", module_to),
        (torch.backends.cudnn, "version", lambda: 91300),
        (torch.utils._foreach_utils, "_has_foreach_support", lambda *_: True),
        (clip_grad, "_has_foreach_support", lambda *_: True),
    ]
    overwrite = torch.__future__.set_overwrite_module_params_on_conversion
    with contextlib.ExitStack() as undo:
        for owner, name, value in places:
            undo.callback(setattr, owner, name, getattr(owner, name))
            setattr(owner, name, value)
        _foreach_supported_types.append(OnCuda)
        undo.callback(_foreach_supported_types.remove, OnCuda)
        overwrite(True)
        undo.callback(overwrite, False)
        undo.enter_context(Factories())
        undo.enter_context(torch.autograd.set_multithreading_enabled(False))
        yield GPU


DRAWING = ("rand", "randn", "randint", "randperm")
