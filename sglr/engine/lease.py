"""Which GPU of this machine is whose: a job leases one until it ends, however that comes. Imports no torch."""

import atexit
import os
import re
import subprocess
import tempfile
import time
from pathlib import Path

from filelock import FileLock, Timeout

_SECONDS_BETWEEN_TRIES = 1.0


def visible_gpus() -> list[str]:
    """The GPUs that this process may use: those CUDA_VISIBLE_DEVICES names, else all that nvidia-smi lists.

    By their UUIDs where nvidia-smi knows them, so that one card has one name; numbers are nvidia-smi's.
    """
    listed, named = _listed(), os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is None:
        return list(listed.values())
    names = [name for name in named.replace(" ", "").split(",") if name]
    return [listed.get(name, name) for name in names if name != "-1"]


def _listed() -> dict[str, str]:
    """Number -> UUID of each GPU, in nvidia-smi's order."""
    try:
        said = subprocess.run(
            ["nvidia-smi", "-L"], capture_output=True, text=True, check=False
        ).stdout
    except OSError:
        return {}
    return dict(re.findall(r"^GPU (\d+): .*\(UUID: (GPU-[^)]+)\)", said, flags=re.M))


def lease_gpu() -> None:
    """Make one GPU, which no other process leases, the only one that CUDA sees; wait until there is one.

    The lease ends with the process, however that ends: the kernel frees a dead process's lock. Nothing is done under
    Slurm and torchrun, which assign GPUs themselves, where SGLR_DEVICE names one, and where there is no choice.
    """
    gpus = visible_gpus()
    assigned = "SLURM_JOB_ID" in os.environ or "LOCAL_RANK" in os.environ
    if assigned or (os.environ.get("SGLR_DEVICE") or "cuda") != "cuda" or len(gpus) < 2:
        return
    folder = Path(tempfile.gettempdir()) / f"sglr-gpus-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    gpu = _take_one(gpus, folder)
    if not gpu:
        print(
            f"waiting: each of the GPUs {', '.join(gpus)} is leased by another process",
            flush=True,
        )
    while not gpu:
        time.sleep(_SECONDS_BETWEEN_TRIES)
        gpu = _take_one(gpus, folder)
    os.environ["CUDA_VISIBLE_DEVICES"] = gpu
    print(f"leased GPU {gpu} of {', '.join(gpus)}", flush=True)


def _take_one(gpus: list[str], folder: Path) -> str | None:
    """The first GPU that no process leases, leased until this one ends; None where each is."""
    for gpu in gpus:
        lock = FileLock(folder / f"{gpu}.lock")
        try:
            lock.acquire(blocking=False)
        except Timeout:
            continue
        # Refers to the lock, which would be released when forgotten.
        atexit.register(lock.release)
        return gpu
    return None
