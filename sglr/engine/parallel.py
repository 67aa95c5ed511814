"""One training on several processes, started by torchrun.

Every process holds the whole state, draws the same random numbers and sees the whole batch; only inside a network is
the batch shared out, and its logits are put together again. So objectives, label averages and checkpoints know nothing
of it. In a process alone every function here leaves its input as it is.
"""

import atexit
import os
import sys
from collections.abc import Sequence
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor


def join(device: torch.device) -> torch.device:
    """Join the processes that torchrun has started, where there are several; return this process's device."""
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        return device
    dist.init_process_group("gloo" if device.type == "cpu" else "cpu:gloo,cuda:nccl")
    atexit.register(dist.destroy_process_group)
    if not is_first():
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 (one process tells of the progress)
    if device.type == "cpu":
        return device
    own = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
    torch.cuda.set_device(own)
    return own


def count() -> int:
    """How many processes there are."""
    return dist.get_world_size() if dist.is_initialized() else 1


def is_first() -> bool:
    """Whether this process is the one that writes files."""
    return not dist.is_initialized() or dist.get_rank() == 0


def wait() -> None:
    """Wait until every process is here."""
    if count() > 1:
        agreed(False)


def agreed(flag: bool) -> bool:
    """Whether any process says so: all of them go the same way."""
    if count() == 1:
        return flag
    votes = torch.tensor(int(flag))
    dist.all_reduce(votes, dist.ReduceOp.MAX)
    return bool(votes)


def share(x: Tensor) -> Tensor:
    """Return this process's part of a batch x (N, ...); the gradient is again of all N."""
    return x if count() == 1 else _Share.apply(x)


def whole(part: Tensor, size: int) -> Tensor:
    """Return the batch (`size`, ...) of which every process holds its `part`; the gradient is the part's."""
    return part if count() == 1 else _Whole.apply(part, size)


def total(x: Tensor) -> Tensor:
    """Return the sum of x over the processes; so is its gradient."""
    return x if count() == 1 else _Total.apply(x)


@torch.no_grad()
def add_up(tensors: Sequence[Tensor]) -> None:
    """Replace each tensor by its sum over the processes, in place."""
    if count() > 1:
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        dist.all_reduce(flat)
        for tensor, summed in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(summed.view_as(tensor))


def _mine(size: int) -> slice:
    """The rows of a batch that are this process's."""
    rank = dist.get_rank()
    return slice(rank * size // count(), (rank + 1) * size // count())


def _put_together(part: Tensor, size: int) -> Tensor:
    """All rows: the others' are zero here, so the sum over the processes is exact."""
    rows = part.new_zeros(size, *part.shape[1:])
    rows[_mine(size)] = part
    dist.all_reduce(rows)
    return rows


class _Share(torch.autograd.Function):
    """This process's rows of a batch."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """Take the rows."""
        ctx.size = len(x)
        return x[_mine(len(x))].clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # type: ignore[override]
        """Every process's gradient goes to the rows it had."""
        return _put_together(gradient, ctx.size)


class _Whole(torch.autograd.Function):
    """All processes' rows as one batch."""

    @staticmethod
    def forward(ctx: Any, part: Tensor, size: int) -> Tensor:
        """Put the rows together."""
        return _put_together(part, size)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        """Each process keeps the gradient of its own rows."""
        return gradient[_mine(len(gradient))], None


class _Total(torch.autograd.Function):
    """The sum over the processes."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """Sum the values."""
        summed = x.clone()
        dist.all_reduce(summed)
        return summed

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # type: ignore[override]
        """Sum the gradients: each value went into every process's sum."""
        summed = gradient.contiguous().clone()
        dist.all_reduce(summed)
        return summed
