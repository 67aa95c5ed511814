"""A tensor that Python finds on a pretended GPU, and CUDA's rules for what meets in one operation."""

from typing import Any

import torch
from pretended_machine import CPU, GPU, Mismatch, place
from torch.utils._python_dispatch import return_and_correct_aliasing
from torch.utils._pytree import tree_flatten, tree_map_only

aten = torch.ops.aten
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
        device, args, kwargs = device_in(args, kwargs)
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


def device_in(args: Any, kwargs: Any) -> tuple[torch.device | None, list, dict]:
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
            f"{func}: Expected all tensors to be on the same device, found {names} at {place()}"
        )
    return own[0].home


def _home_of_indexed(func: Any, args: Any) -> torch.device:
    indexed, indices = args[0], [index for index in args[1] if index is not None]
    if not isinstance(indexed, OnCuda):
        raise Mismatch(f"{func}: indices should be on the cpu at {place()}")
    if any(not isinstance(index, OnCuda) for index in indices):
        GPU.wait("index from the cpu")
    put = len(args) > 2
    if put and not isinstance(args[2], OnCuda) and args[2].dim():
        raise Mismatch(f"{func}: values on the cpu at {place()}")
    chosen = any(index.dtype in (torch.bool, torch.uint8) for index in indices)
    if chosen and not (put and args[2].numel() == 1):
        GPU.wait("boolean index")
    return indexed.home
