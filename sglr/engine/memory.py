"""A GPU that runs out of memory: one line with the batch size that would have fitted."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from sglr.files.errors import UsageError


@contextmanager
def advising_batch_size(
    trial: Callable[[int], object], batch_size: int
) -> Iterator[None]:
    """Turn an OutOfMemoryError inside into a UsageError; `trial(batch_size)` computes what the training computes."""
    failed = False
    try:
        yield
    except torch.OutOfMemoryError:
        failed = (
            True  # the exception holds the failed step's tensors until this block ends
        )
    if failed:
        fits = _largest_that_fits(trial, batch_size)
        advice = f"batch_size {fits} would fit" if fits else "no batch_size would fit"
        raise UsageError(f"out of memory with batch_size {batch_size}; {advice}")


def _largest_that_fits(trial: Callable[[int], object], batch_size: int) -> int:
    """The largest half, quarter, ... of `batch_size` with which the trial runs; 0 where not even 2 does."""
    while batch_size > 3:
        batch_size //= 2
        torch.cuda.empty_cache()
        try:
            trial(batch_size)
        except torch.OutOfMemoryError:
            continue
        return batch_size
    return 0
