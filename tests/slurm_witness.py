"""Put into a checkout as sitecustomize.py, which Python runs first: notes what trainings in a cluster do, holds them.

So a test acts on a training that stands still, however fast or slow the machine is. One is held after its first saved
epoch where the checkout has `holds/RUN`; it goes on when there is `go/PID`, or a signal comes.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def hurry() -> None:
    """The driver looks each second whether a job has ended; of its own it would wait ten seconds more each time."""
    import asyncio

    patient = asyncio.sleep
    asyncio.sleep = lambda delay, result=None: patient(min(delay, 1), result)


def watch(run: str) -> None:
    """Note when this process begins and ends to write, and when it is refused; hold it in between."""
    from sglr.files import lock
    from sglr.files.errors import UsageError
    from sglr.training.signals import StopRequest

    one_writer, checked = lock.only_writer, StopRequest.check
    history = Path(f"results/smoke/runs/{run}/history.csv")
    state = "starts"

    def note(what: str) -> None:
        nonlocal state
        state = what
        job, gpu = os.environ["SLURM_JOB_ID"], os.environ.get("CUDA_VISIBLE_DEVICES")
        with open("noted", "a") as file:
            print(run, os.getpid(), job, gpu, what, file=file)

    @contextmanager
    def only_writer(folder: Path) -> Iterator[None]:
        try:
            with one_writer(folder):
                note("writes")
                try:
                    yield
                finally:
                    note("wrote")
        except UsageError:
            if state == "starts":
                note("refused")
            raise

    def check(self: StopRequest, any_process: Callable[[bool], bool] = bool) -> None:
        if state == "writes" and history.exists() and Path("holds", run).exists():
            note("held")
            while self.received is None and not Path(f"go/{os.getpid()}").exists():
                time.sleep(0.05)
        checked(self, any_process)

    note("starts")
    lock.only_writer, StopRequest.check = only_writer, check


words = sys.orig_argv[1:]
if words[:2] == ["-m", "snakemake"] and "SLURM_JOB_ID" not in os.environ:
    hurry()
elif words[:3] == ["-m", "sglr", "train"] and "SLURM_JOB_ID" in os.environ:
    watch(words[3])
