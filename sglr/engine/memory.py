"""A GPU that runs out of memory: one line with the batch size that would have fitted."""

from collections.abc import Callable

import torch

from sglr.files.errors import UsageError


def advising_batch_size(
    work: Callable[[], None], trial: Callable[[int], object], batch_size: int
) -> None:
    """Do `work`; where it runs out of memory, raise UsageError with the batch size that `trial` shows to fit.

    `trial(batch_size)` computes what a step of the work computes.
    """
    if _fits(work):
        return
    # Out here: an exception holds the failed step's tensors for as long as it is handled.
    fits = _largest_that_fits(trial, batch_size)
    advice = f"batch_size {fits} would fit" if fits else "no batch_size would fit"
    raise UsageError(f"out of memory with batch_size {batch_size}; {advice}")


def _fits(work: Callable[[], object]) -> bool:
    try:
        work()
    except RuntimeError as error:
        if not _of_memory(error):
            raise
        return False
    return True


def _of_memory(error: BaseException | None) -> bool:
    """Whether this, or what it came from, is for want of memory: an interrupted capture fails once more as it ends."""
    if error is None:
        return False
    return (
        isinstance(error, torch.OutOfMemoryError)
        or "ALLOC_FAILED" in str(error)
        or "out of memory" in str(error)
        or _of_memory(error.__context__)
    )


def _largest_that_fits(trial: Callable[[int], object], batch_size: int) -> int:
    """The largest half, quarter, ... of `batch_size` with which the trial runs; 0 where not even 2 does."""
    while batch_size > 3:
        batch_size //= 2
        torch.cuda.empty_cache()
        if _fits(lambda size=batch_size: trial(size)):  # type: ignore[misc]
            return batch_size
    return 0
