"""A pretended CUDA device for tests: real numbers in main memory, CUDA's rules, and a list of what makes the host wait.

Within `pretended()` the program's own code runs with `SGLR_DEVICE=cuda`: tensors say that they are on a GPU, mix with
none of another device, draw from CUDA generators of 16 bytes, and are captured in graphs that replay the recorded
operations on the recorded memory, as CUDA's do: what Python does between them happens once.

It cannot show: races between streams, what cuDNN chooses and how it rounds, memory that runs out, NCCL, CUDA's list of
what autocast casts (the CPU's stands in), tensors that C++ makes by itself in a backward pass (they count as the CPU's
scalars do), how long anything takes, and whatever a driver refuses that is not written here.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.utils._foreach_utils
from pretended_machine import (
    CAPTURING,
    GPU,
    Generator,
    Gpu,
    Graph,
    Mismatch,
    RealGenerator,
    Stream,
    capture,
    place,
)
from pretended_tensor import OnCuda, device_in
from torch.nn.utils import clip_grad
from torch.optim.optimizer import _foreach_supported_types
from torch.overrides import TorchFunctionMode

__all__ = ["CAPTURING", "Mismatch", "pretended"]


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
            raise Mismatch(f"Expected a generator of {home} at {place()}")
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
            device, rest, options = device_in(args[1:], kwargs)
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
