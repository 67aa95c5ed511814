"""Locks the environment: `make lock` writes requirements.lock from the pins of pyproject.toml.

It has every package behind them, and the sha256 of the file that was chosen of each.
"""

import json
import platform
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEAD = """\
# Every package of the environment, with the sha256 of its file; `make lock` writes it from the pins of pyproject.toml.
# Made on {python}, {system}, {machine}: elsewhere other files are right, and `make` installs by the pins alone.
"""


def main() -> None:
    """Resolve the pins in an empty environment, without installing, and write what was chosen."""
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        words = [
            "install",
            "--quiet",
            "--dry-run",
            "--ignore-installed",
            "--report",
            report.name,
            str(ROOT),
        ]
        subprocess.run([sys.executable, "-m", "pip", *words], check=True)
        chosen = json.loads(Path(report.name).read_text())["install"]
    lines = sorted(line for package in chosen if (line := locked(package)))
    (ROOT / "requirements.lock").write_text(head() + "".join(lines))


def locked(package: dict) -> str:
    """A package's line; none for this project itself, which has no file on an index."""
    hashes = package["download_info"].get("archive_info", {}).get("hashes", {})
    if "sha256" not in hashes:
        return ""
    metadata = package["metadata"]
    return f"{metadata['name'].lower()}=={metadata['version']} --hash=sha256:{hashes['sha256']}\n"


def head() -> str:
    """What the lock says of itself, and by what `make` knows whether it fits."""
    version = ".".join(platform.python_version_tuple()[:2])
    return HEAD.format(
        python=f"Python {version}", system=platform.system(), machine=platform.machine()
    )


def fits() -> bool:
    """Whether the lock was made for this Python and this kind of machine."""
    path = ROOT / "requirements.lock"
    return path.exists() and path.read_text().startswith(head())


def extra(name: str) -> list[str]:
    """The pins of one of pyproject.toml's extras."""
    with open(ROOT / "pyproject.toml", "rb") as file:
        return tomllib.load(file)["project"]["optional-dependencies"][name]


if __name__ == "__main__":
    if sys.argv[1:] == ["fits"]:
        sys.exit(not fits())
    if sys.argv[1:2] == ["extra"]:
        sys.exit(print(*extra(sys.argv[2])))
    main()
