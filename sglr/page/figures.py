"""Figures as the page holds them: compressed vectors, with what they show in words."""

import base64
import gzip
import re
from pathlib import Path
from typing import Any

from sglr.artefacts import load
from sglr.artefacts.collect import frames_of, is_collected
from sglr.files.disk import read_bytes
from sglr.files.sums import check_inputs, check_sums

_SIZE = re.compile(r'<svg\b[^>]*?\bviewBox="0 0 ([\d.]+) ([\d.]+)"')


def figure(name: str, collected: Path, figures: Path) -> dict[str, Any]:
    """Return a figure as the page shows it; `image` is empty where it was not drawn.

    `image` is the SVG file as base64 of gzip; `width` and `height` are its own, so that its
    place is kept until it is unpacked.
    """
    module, path = load(name), figures / f"{name}.svg"
    shown = {"name": name, "title": module.TITLE, "caption": module.CAPTION}
    shown |= {"image": "", "text": ""}
    # Drawn once, what it was drawn from may be gone.
    if not path.exists() or not is_collected(name, collected):
        return shown
    text = " ".join(module.describe(frames_of(name, collected)))
    drawn = read_bytes(path)
    check_sums(path, drawn)
    check_inputs(figures / f"{name}.sha256")
    width, height = _size(drawn)
    return shown | {
        "image": compressed(drawn),
        "text": text,
        "width": width,
        "height": height,
    }


def compressed(content: bytes) -> str:
    """Return base64 of gzip, the same for the same content."""
    return base64.b64encode(gzip.compress(content, mtime=0)).decode()


def _size(drawn: bytes) -> tuple[int, int]:
    """An SVG's width and height; 4 to 3 where it does not say."""
    found = _SIZE.search(drawn[:4000].decode(errors="replace"))
    return (round(float(found[1])), round(float(found[2]))) if found else (640, 480)
