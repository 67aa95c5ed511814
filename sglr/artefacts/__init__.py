"""Tables and figures, one file each. Imports neither torch nor, until one is drawn, matplotlib.

A file is an artefact by being named in the plan. It holds
    TITLE, CAPTION   words for whoever shows it
    READS            the files that it takes from each of its runs
    COLLECTED        the names of its tidy CSVs
    collect(runs)    those CSVs' rows, by name, from the runs' files

and, of the frames read from these CSVs, by name: a figure `draw(frames)` and `describe(frames)`, what it shows in
sentences; a table `tabulate(frames, scale)` and `note(frames, scale)`, what stands above it. Its columns are words; its
index says what its rows are.
"""

from importlib import import_module
from types import ModuleType

from sglr.files.errors import UsageError


def load(name: str) -> ModuleType:
    """Return the artefact's module. Raises UsageError where there is none."""
    try:
        return import_module(f"{__name__}.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"{__name__}.{name}":
            raise
    raise UsageError(
        f"there is no table or figure {name!r}: no file sglr/artefacts/{name}.py"
    )


def is_figure(name: str) -> bool:
    """Whether the artefact is drawn, rather than tabulated."""
    return hasattr(load(name), "draw")
