"""One training on several processes, started by torchrun.

Every process holds the whole state, draws the same random numbers and sees whole batches. Attack, training passes and
curves, which take the time, are shared out: each process has its own rows of a batch, and what it finds is put together
again. So losses, label averages and checkpoints know nothing of it. Gradients are averaged, as in the library's
DistributedDataParallel. In a process alone every function here leaves its input as it is.
"""

import atexit
import os
import sys
from collections.abc import Sequence

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed._functional_collectives import all_reduce, wait_tensor


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


def own_rows(x: Tensor) -> Tensor:
    """Return this process's rows of a batch x (N, ...)."""
    return x if world_size() == 1 else x[_own(len(x))]


def own_size(size: int) -> int:
    """Return how many rows of a batch of this size are this process's."""
    return size if world_size() == 1 else len(range(size)[_own(size)])


def all_rows(part: Tensor, size: int) -> Tensor:
    """Return the batch (`size`, ...) of which every process gives its own rows, in floating point."""
    if world_size() == 1:
        return part
    own = _own(size)
    before, after = (
        part.new_zeros(count, *part.shape[1:]) for count in (own.start, size - own.stop)
    )
    # The others' rows are zero here, so the sum is exact.
    return over_processes(torch.cat([before, part, after]))


def over_processes(x: Tensor) -> Tensor:
    """Return the sum of x over the processes; its gradient is the sum of theirs."""
    return x if world_size() == 1 else wait_tensor(all_reduce(x, "sum", _everyone()))


@torch.no_grad()
def average_in_place(tensors: Sequence[Tensor]) -> None:
    """Replace each tensor by its mean over the processes, in place."""
    if world_size() > 1:
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        dist.all_reduce(flat)
        parts = (flat / world_size()).split([tensor.numel() for tensor in tensors])
        for tensor, mean in zip(tensors, parts, strict=True):
            tensor.copy_(mean.view_as(tensor))


class Shared(nn.Module):
    """A network in training, through which each process sends its own rows of a batch; all have all logits.

    It gives gradients to weights, not to images: the attack is on a copy of `network`.
    """

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (N, K) of images x (N, C, H, W)."""
        return all_rows(self.network(own_rows(x)), len(x))


def shared(network: nn.Module) -> nn.Module:
    """Return the network as the processes train it together; in a process alone, itself."""
    return network if world_size() == 1 else Shared(network)


def unshared(network: nn.Module) -> nn.Module:
    """Return the network that is `shared`."""
    return network.network if isinstance(network, Shared) else network


def _own(size: int) -> slice:
    rank, processes = dist.get_rank(), world_size()
    return slice(rank * size // processes, (rank + 1) * size // processes)


def _everyone() -> dist.ProcessGroup:
    assert dist.group.WORLD is not None
    return dist.group.WORLD
