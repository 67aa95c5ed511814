"""How figures look: the sizes at which they are read, and each method's own line."""

from dataclasses import dataclass

from sglr.files.errors import UsageError
from sglr.files.settings import unknown
from sglr.methods import METHODS


@dataclass(frozen=True)
class Size:
    """A figure's width and greatest height in inches, its type in points (`small` is the
    smallest), the factor of its lines, and whether panels stand one above the other."""

    width: float
    tallest: float
    type: float
    small: float
    line: float
    narrow: bool = False

    @property
    def characters(self) -> int:
        """How many of the smallest type stand side by side."""
        return int(self.width * 72 / (0.54 * self.small))


SIZES = {
    "column": Size(3.25, 9, 7.5, 7, 0.9, narrow=True),
    "text": Size(6.9, 9, 8, 7, 1.0),
    "slide": Size(11, 6.2, 14, 12, 1.8),
}
DEFAULT = "text"


@dataclass(frozen=True)
class Line:
    """Colour, dashes (offset and lengths, in line widths) and width in points of a method."""

    color: str
    dashes: tuple[float, tuple[float, ...]]
    width: float


# Colours of Okabe and Ito (2008), which hold for deuteranopes; dashes tell them apart in grey.
# What is drawn first is widest, so that curves which coincide are seen to be several.
_HARD = Line("#000000", (0, ()), 1.7)
_SMOOTHED = Line("#CC79A7", (0, (5, 1.4)), 1.4)
_REFINED = Line("#0072B2", (0, (1.2, 1.2)), 1.4)
_RELEASED = Line("#D55E00", (0, (4, 1.2, 1.2, 1.2)), 1.4)
_OTHERS = (
    Line("#009E73", (0, (8, 1.5)), 1.3),
    Line("#E69F00", (0, (3, 1.5, 1.2, 1.5, 1.2, 1.5)), 1.3),
    Line("#56B4E9", (0, (2.4, 1.2)), 1.3),
)
_LINES = {
    **{name: _HARD for name in ("at", "standard")},
    **{name: _SMOOTHED for name in ("ls", "standard_ls")},
    "sglr": _REFINED,
    "sglr_released": _RELEASED,
}
# Of the points of ten classes (Petroff 2021), which are no methods and share no panel with any.
CLASSES = (
    *("#3F90DA", "#FFA90E", "#BD1F01", "#94A4A2", "#832DB6"),
    *("#A96B59", "#E76300", "#B9AC70", "#717581", "#92DADD"),
)
NEUTRAL = "#7F7F7F"  # what belongs to no method: marked epochs, portions of labels
LIGHT = 0.45  # opacity of training images where test images stand beside them


def size_of(name: str) -> Size:
    """Return the size of this name. Raises UsageError where there is none."""
    if name not in SIZES:
        raise UsageError(unknown(name, list(SIZES), "size"))
    return SIZES[name]


def line_of(method: str, r: float | None = None) -> Line:
    """Return a method's line, the same in every figure; SGLR with r = 1 is the released code's."""
    if method == "standard_sglr":
        return _RELEASED if r == 1 else _REFINED
    if method in _LINES:
        return _LINES[method]
    others = [name for name in METHODS if name not in _LINES]
    return _OTHERS[others.index(method) % len(_OTHERS)]
