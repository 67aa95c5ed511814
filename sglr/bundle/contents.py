"""What goes into the archive: the files of a scale that are text or drawn, and what made them. Imports no torch."""

from collections.abc import Iterator
from pathlib import Path

from sglr.files.errors import UsageError
from sglr.files.yaml import CONFIG
from sglr.plan.names import LEDGER

CHECKOUT = CONFIG.parent
ENVIRONMENT = ("pyproject.toml", "requirements.lock", "environment.yml", "Dockerfile")
WORDS = (
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE"),
    *("CITATION.cff", "codemeta.json"),
)
_CODE = ("Snakefile", "Makefile")
_FOLDERS = ("config", "docs", "profiles", "sglr", "workflow")
_TEXT = (".csv", ".json", ".md", ".tex", ".sha256")  # weights and states are left out
_MADE = ("exported", "events")  # from the files above, by one command

Files = dict[str, Path]  # by their paths in the archive


def contents(folder: Path, figures: Path) -> Files:
    """Return every file of the archive of `folder`, results/{scale}, and `figures`, figures/{scale}.

    Raises UsageError where there is no ledger, table or figure yet.
    """
    scale = folder.name
    results = _below(f"results/{scale}", folder, _TEXT)
    drawn = _below(f"figures/{scale}", figures)
    _check(f"results/{scale}/{LEDGER[0]}" in results, folder, "claims", scale)
    _check(any("/tables/" in name for name in results), folder, "show", scale)
    _check(bool(drawn), figures, "show", scale)
    return _checkout() | results | drawn


def _check(there: bool, folder: Path, command: str, scale: str) -> None:
    if not there:
        raise UsageError(
            f"{folder}: not all is there yet; `sglr {command} --scale {scale}` writes it"
        )


def _checkout() -> Files:
    files = {name: CHECKOUT / name for name in (*WORDS, *ENVIRONMENT, *_CODE)}
    for name in _FOLDERS:
        files |= _below(name, CHECKOUT / name)
    # What README and docs show or link besides the scale itself.
    files |= _below("figures/digits", CHECKOUT / "figures/digits", (".png",))
    measured = sorted((CHECKOUT / "results").glob("*.json"))
    return files | {f"results/{path.name}": path for path in measured}


def _below(name: str, folder: Path, endings: tuple[str, ...] = ()) -> Files:
    return {f"{name}/{path}": folder / path for path in sorted(_paths(folder, endings))}


def _paths(folder: Path, endings: tuple[str, ...]) -> Iterator[str]:
    for path in folder.rglob("*"):
        inside = path.relative_to(folder)
        private = any(part[0] in "._" for part in inside.parts[:-1])
        private |= inside.name.startswith(".") or bool({*inside.parts} & {*_MADE})
        if path.is_file() and not private and path.suffix in (endings or path.suffix):
            yield inside.as_posix()
