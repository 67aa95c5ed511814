"""Tables and figures, one file each. Imports neither torch nor, until one is drawn, matplotlib.

A file is an artefact by being named in the plan. It holds
    TITLE, CAPTION   words for whoever shows it
    READS            the files that it takes from each of its runs
    COLLECTED        the names of its tidy CSVs
    collect(runs)    those CSVs' rows, by name, from the runs' files
and, of the frames read from these CSVs, by name: `note(frames, scale)`, what stands above it; a figure
`draw(frames, size)` and `describe(frames)`, what it shows in sentences; a table `numbers(frames)`, of
numbers in columns for machines, and `tabulate(frames, scale)`, as it is printed: cells of words or `Cell`s, columns
(group, name), an index that says what the rows are, and `BENEATH`, what stands beneath its numbers.
"""

from importlib import import_module
from types import ModuleType

from sglr.files.errors import UsageError


def load(name: str) -> ModuleType:
    """Return the artefact's module. Raises UsageError where there is none, or where the file is of another kind."""
    try:
        module = import_module(f"{__name__}.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"{__name__}.{name}":
            raise
        raise UsageError(
            f"there is no table or figure {name!r}: no file sglr/artefacts/{name}.py"
        ) from None
    if not hasattr(module, "COLLECTED"):
        raise UsageError(
            f"{name!r} is no table or figure: sglr/artefacts/{name}.py says no COLLECTED"
        )
    return module


def is_figure(name: str) -> bool:
    """Whether the artefact is drawn, rather than tabulated."""
    return hasattr(load(name), "draw")
