"""Where and how the arithmetic is done: the device, its threads, and bf16 where the processor has it."""

import os
import subprocess
from dataclasses import replace

import torch

from sglr.engine import parallel
from sglr.files.errors import UsageError
from sglr.plan.scales import Engine


def prepare(
    engine: Engine, threads: int, *, gpu: bool = True
) -> tuple[torch.device, Engine]:
    """Return the device and the engine that it can run.

    The device is SGLR_DEVICE, else, where the scale uses a `gpu` and there is one, that, else the CPU.

    The scale fixes the number of threads, so that results do not depend on how many jobs run. On a CPU every
    operation is deterministic; fp32 is fp32 everywhere (no TF32). Raises UsageError for a device that is not there.
    """
    device = parallel.init(_device(gpu))
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
    if (
        device.type != "cuda" or parallel.world_size() > 1
    ):  # what the processes tell each other is not captured
        engine = replace(engine, graphs=False)
    return device, engine


def _device(gpu: bool) -> torch.device:
    name = os.environ.get("SGLR_DEVICE") or (
        "cuda" if gpu and torch.cuda.is_available() else "cpu"
    )
    try:
        device = torch.device(name)
        if device.type not in ("cpu", "cuda"):
            raise RuntimeError(f"{device.type} is not tried")
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).split("\n")[0]
        raise UsageError(
            f"SGLR_DEVICE is {name!r}: cannot be used ({reason}); allowed: cpu, cuda, cuda:N"
        ) from None
    return device


def has_bf16(device: torch.device) -> bool:
    """Whether the device multiplies bf16 natively, rather than through fp32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return bool(torch.cpu.get_capabilities().get("avx512_bf16"))


def device_name(device: torch.device) -> str:
    """The device as results record it."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


def accelerator() -> dict[str, str | None]:
    """Return the versions of CUDA and cuDNN that torch uses, and of the driver; None where there is no GPU."""
    if not torch.cuda.is_available():
        return {"cuda": None, "cudnn": None, "driver": None}
    words = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        driver = subprocess.run(
            words, capture_output=True, text=True, check=False
        ).stdout.split()
    except OSError:
        driver = []
    cudnn = torch.backends.cudnn.version()
    return {
        "cuda": torch.version.cuda,
        "cudnn": str(cudnn),
        "driver": driver[0] if driver else None,
    }
