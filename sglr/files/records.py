"""Results as small text files with their origin, written atomically. Imports no torch."""

import hashlib
import json
import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pandas as pd

from sglr.files.errors import UsageError

_PACKAGES = (
    "torch",
    "torchvision",
    "numpy",
    "pandas",
    "scikit-learn",
    "pyautoattack",
    "snakemake",
)


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` so that `path` is either the old file or the whole new one. Raises UsageError on I/O errors."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True) if path.parent.is_dir() else None
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from None


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write `content` as indented JSON, atomically."""
    write_bytes(path, (json.dumps(content, indent=1) + "\n").encode())


def read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object in `path`. Raises UsageError where it is missing or damaged."""
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file") from None
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise UsageError(
            f"{path}: damaged, not readable as JSON; delete it to compute it again"
        ) from None


def write_csv(path: Path, rows: list[dict[str, Any]] | pd.DataFrame) -> None:
    """Write `rows` as CSV, atomically, floats with nine significant digits."""
    frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(rows)
    write_bytes(
        path,
        frame.to_csv(index=False, float_format="%.9g", lineterminator="\n").encode(),
    )


def digest(content: bytes | memoryview) -> str:
    """The sha256 of `content`, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def settings_digest(settings: dict[str, Any]) -> str:
    """A short fingerprint of resolved settings, free of the order of keys."""
    return digest(json.dumps(settings, sort_keys=True).encode())[:16]


def origin(device: str, accelerator: dict[str, Any]) -> dict[str, Any]:
    """Where a result comes from: package versions, device, processor, operating system, git commit.

    `accelerator` is what `engine.device.accelerator()` gives: versions of CUDA, cuDNN and the driver, None without.
    """
    return {
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in _PACKAGES},
        "device": device,
        "processor": _processor(),
        "system": platform.platform(),
        **accelerator,
        "commit": _git_commit(),
    }


def _processor() -> str | None:
    """The processor's name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or None
    names = [
        line.partition(":")[2].strip()
        for line in lines
        if line.startswith("model name")
    ]
    return names[0] if names else platform.processor() or None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _git_commit() -> str | None:
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        done = subprocess.run(
            command,
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return None
    return done.stdout.strip() or None
