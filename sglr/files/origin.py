"""Where a result comes from: code, versions, device. Imports no torch."""

import json
import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from typing import Any

from sglr.files.records import digest

_PACKAGES = (
    "torch",
    "torchvision",
    "numpy",
    "pandas",
    "scikit-learn",
    "pyautoattack",
    "snakemake",
)
_SOURCES = Path(__file__).resolve().parents[1]
# What reads results and computes none.
_READING = ("collected", "artefacts", "claims", "page", "bundle", "commands")


def origin(device: str, accelerator: dict[str, Any]) -> dict[str, Any]:
    """Return package versions, device, processor, operating system, and the code: git commit and sources' sha256.

    `accelerator` is what `engine.device.accelerator()` gives: versions of CUDA, cuDNN and the driver, None without.
    """
    return {
        "python": platform.python_version(),
        "versions": {name: version_of(name) for name in _PACKAGES},
        "device": device,
        "processor": _processor(),
        "system": platform.platform(),
        **accelerator,
        "commit": git_commit(),
        "code_sha256": code_digest(),
    }


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """Return what two origins do not share, each as "name: one, other"; a key that either lacks is not compared."""
    found = []
    for name in one.keys() & other.keys():
        if name == "commit" and "code_sha256" in one.keys() & other.keys():
            continue  # another commit with the same sources is the same code
        if one[name] != other[name]:
            found.append(f"{name}: {_short(one[name])}, {_short(other[name])}")
    return sorted(found)


def _short(value: Any) -> str:
    return (
        str(value)[:12] if isinstance(value, str) and len(value) == 64 else str(value)
    )


@cache
def code_digest() -> str:
    """Return the sha256 of the sources that compute: it tells a change that no commit has."""
    parts = []
    for path in sorted(_SOURCES.rglob("*.py")):
        name = path.relative_to(_SOURCES)
        if name.parts[0] not in _READING:
            parts.append(f"{name.as_posix()}\0".encode() + path.read_bytes())
    return digest(b"\0".join(parts))


def _processor() -> str | None:
    """The processor's name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or None
    for line in lines:
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or None


def version_of(package: str) -> str | None:
    """Return the version of an installed package; None where it is not."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def git_commit() -> str | None:
    """Return the commit of this code, "-dirty" where files of its checkout were changed since, but for results and
    figures, which it makes itself; None where none is known.

    A package that lies in somebody else's checkout, as in an environment within it, is no part of that.
    """
    root = _SOURCES.parent
    if not (root / ".git").exists():
        return _installed_commit()
    try:
        commit = _git(root, "describe", "--always", "--abbrev=12")
        made = (":!results", ":!figures")
        changed = _git(root, "status", "--porcelain", "-uno", "--", ".", *made)
    except OSError:
        return None
    return f"{commit}{'-dirty' if changed else ''}" if commit else None


def _git(root: Path, *words: str) -> str:
    """What git says of a checkout, whoever owns it; "" where it refuses."""
    top = str(root)
    where = ["-C", top, "--git-dir", f"{top}/.git", "--work-tree", top]
    done = subprocess.run(
        ["git", *where, *words], capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def _installed_commit() -> str | None:
    """The commit that `pip install git+...` noted, where this package is the installed one."""
    try:
        installed = distribution("sglr")
    except PackageNotFoundError:
        return None
    if Path(str(installed.locate_file("sglr"))).resolve() != _SOURCES:
        return None
    noted = json.loads(installed.read_text("direct_url.json") or "{}")
    commit = noted.get("vcs_info", {}).get("commit_id")
    return commit[:12] if commit else None
