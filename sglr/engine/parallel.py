"""One training on several processes, started by torchrun.

Every process holds the whole state, draws the same random numbers and sees the whole batch; only inside a network is
the batch scattered, and its logits are gathered again. So objectives, label averages and checkpoints know nothing
of it. In a process alone every function here leaves its input as it is.
"""

import atexit
import os
import sys
from collections.abc import Sequence
from typing import Any

import torch
import torch.distributed as dist
import torch.distributed.nn.functional as differentiable
from torch import Tensor


def init(device: torch.device) -> None:
    """Join the processes that torchrun has started, where there are several; `device` is this process's own."""
    if not _started_together():
        return
    dist.init_process_group("gloo" if device.type == "cpu" else "cpu:gloo,cuda:nccl")
    atexit.register(dist.destroy_process_group)
    if not is_first():
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 (one process tells of the progress)


def own_gpu(asked: int) -> int:
    """The number of the one GPU that this process opens: the `asked` one, or among several processes its own."""
    return int(os.environ["LOCAL_RANK"]) if _started_together() else asked


def _started_together() -> bool:
    """Whether torchrun has started several. A WORLD_SIZE that another program left behind means nothing without it."""
    started = "TORCHELASTIC_RUN_ID" in os.environ and "RANK" in os.environ
    return started and int(os.environ["WORLD_SIZE"]) > 1


def world_size() -> int:
    """How many processes there are."""
    return dist.get_world_size() if dist.is_initialized() else 1


def is_first() -> bool:
    """Whether this process is the one that writes files."""
    return not dist.is_initialized() or dist.get_rank() == 0


def barrier() -> None:
    """Wait until every process is here."""
    if world_size() > 1:
        any_process(False)


def any_process(flag: bool) -> bool:
    """Whether any process says so: all of them go the same way."""
    if world_size() == 1:
        return flag
    votes = torch.tensor(int(flag))
    dist.all_reduce(votes, dist.ReduceOp.MAX)
    return bool(votes)


def scatter(x: Tensor) -> Tensor:
    """Return this process's part of a batch x (N, ...); the gradient is again of all N."""
    return x if world_size() == 1 else _Scatter.apply(x)


def all_gather(part: Tensor, size: int) -> Tensor:
    """Return the batch (`size`, ...) of which every process holds its `part`; the gradient is the part's."""
    return part if world_size() == 1 else _AllGather.apply(part, size)


def all_reduce(x: Tensor) -> Tensor:
    """Return the sum of x over the processes; so is its gradient."""
    return x if world_size() == 1 else differentiable.all_reduce(x)


@torch.no_grad()
def all_reduce_in_place(tensors: Sequence[Tensor]) -> None:
    """Replace each tensor by its sum over the processes, in place."""
    if world_size() > 1:
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        dist.all_reduce(flat)
        for tensor, summed in zip(
            tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True
        ):
            tensor.copy_(summed.view_as(tensor))


def _own_rows(size: int) -> slice:
    """The rows of a batch that are this process's."""
    rank = dist.get_rank()
    return slice(rank * size // world_size(), (rank + 1) * size // world_size())


def _gathered(part: Tensor, size: int) -> Tensor:
    """All rows: the others' are zero here, so the sum over the processes is exact."""
    rows = part.new_zeros(size, *part.shape[1:])
    rows[_own_rows(size)] = part
    dist.all_reduce(rows)
    return rows


# The library's differentiable all_gather adds up the processes' gradients, for each has a loss of its own there. Here
# all compute the same loss of the whole batch, so each keeps its part; and parts may differ in size by one row.


class _Scatter(torch.autograd.Function):
    """This process's rows of a batch."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """Take the rows."""
        ctx.size = len(x)
        return x[_own_rows(len(x))].clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # type: ignore[override]
        """Every process's gradient goes to the rows it had."""
        return _gathered(gradient, ctx.size)


class _AllGather(torch.autograd.Function):
    """All processes' rows as one batch."""

    @staticmethod
    def forward(ctx: Any, part: Tensor, size: int) -> Tensor:
        """Put the rows together."""
        return _gathered(part, size)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        """Each process keeps the gradient of its own rows."""
        return gradient[_own_rows(len(gradient))], None
