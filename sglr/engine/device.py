"""Where and how the arithmetic is done: the device, its threads, and bf16 where the processor has it."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch

from sglr.engine import parallel
from sglr.files.errors import UsageError
from sglr.plan.scales import Engine

# CUDA's first number -> the oldest driver it runs on (NVIDIA's table of minor version compatibility).
_OLDEST_DRIVER = {"11": "450.80", "12": "525.60", "13": "580"}


def prepare(
    engine: Engine, threads: int, *, gpu: bool = True
) -> tuple[torch.device, Engine]:
    """Return the device and the engine that it can run.

    The device is SGLR_DEVICE, else a GPU where the scale uses a `gpu`, else the CPU. It becomes the current one: graphs
    are captured there.

    The scale fixes the number of threads, so that results do not depend on how many jobs run. On a CPU every
    operation is deterministic; fp32 is fp32 everywhere (no TF32). Raises UsageError for a device that is not there.
    """
    device = _device(gpu)
    if device.type == "cuda":
        torch.cuda.set_device(device)
    parallel.init(device)
    torch.set_num_threads(threads)
    torch.set_deterministic_debug_mode("error" if device.type == "cpu" else "default")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    if engine.precision == "bf16" and not has_bf16(device):
        print(
            "this processor has no bf16 arithmetic: computing in fp32 instead",
            flush=True,
        )
        engine = replace(engine, precision="fp32")
    if device.type != "cuda":
        engine = replace(engine, graphs=False)
    return device, engine


def _device(gpu: bool) -> torch.device:
    """The device by name, tried; for one of several processes the one that it alone opens."""
    asked = os.environ.get("SGLR_DEVICE")
    if gpu and not asked and not torch.cuda.is_available():
        raise UsageError(_without_gpu())
    name = asked or ("cuda" if gpu else "cpu")
    try:
        device = torch.device(name)
        if device.type not in ("cpu", "cuda"):
            raise RuntimeError(f"{device.type} is not tried")
        if device.type == "cuda":
            device = torch.device("cuda", parallel.own_gpu(device.index or 0))
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).split("\n")[0]
        raise UsageError(
            f"SGLR_DEVICE is {name!r}: cannot be used ({reason}); allowed: cpu, cuda, cuda:N"
        ) from None
    return device


def _without_gpu() -> str:
    """What a scale for a GPU says where there is none to be used, and why there is none."""
    built, driver = torch.version.cuda, driver_version()
    if built is None:
        found = "the installed torch is built for CPUs alone"
    elif driver is None:
        found = f"torch is built for CUDA {built}, and no NVIDIA driver was found"
    else:
        oldest = _OLDEST_DRIVER.get(built.split(".")[0], "a newer one")
        found = f"torch is built for CUDA {built}, which needs driver {oldest} or newer; found {driver}"
    return (
        f"this scale computes on a GPU, and none can be used: {found}; "
        "SGLR_DEVICE=cpu computes on the CPU all the same, a training in weeks"
    )


@contextmanager
def without_autotuning() -> Iterator[None]:
    """Within, cuDNN does not try all its kernels for every new shape: for shapes that keep changing."""
    tried = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = False
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = tried


def has_bf16(device: torch.device) -> bool:
    """Whether the device multiplies bf16 natively, rather than through fp32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return bool(torch.cpu.get_capabilities().get("avx512_bf16"))


def device_name(device: torch.device) -> str:
    """The device as results record it."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


def described(device: torch.device, engine: Engine) -> str:
    """Return the line that a log begins with: device, threads, precision and shortcuts."""
    where = f"{device_name(device)} ({device})" if device.type == "cuda" else "the CPU"
    threads = torch.get_num_threads()
    shortcuts = [
        name for name in ("fold", "channels_last", "graphs") if getattr(engine, name)
    ]
    how = ", ".join([engine.precision, *(shortcuts or ["no shortcut"])])
    return f"computing on {where}, {threads} thread{'s' * (threads > 1)}: {how}"


def driver_version() -> str | None:
    """Return the NVIDIA driver's version, None where there is none."""
    words = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.split()[0] if done.stdout and not done.returncode else None


def accelerator() -> dict[str, str | None]:
    """Return the versions of CUDA and cuDNN that torch uses, and of the driver; None where there is no GPU."""
    if not torch.cuda.is_available():
        return {"cuda": None, "cudnn": None, "driver": None}
    cudnn = torch.backends.cudnn.version()
    return {
        "cuda": torch.version.cuda,
        "cudnn": str(cudnn),
        "driver": driver_version(),
    }
