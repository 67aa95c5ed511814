"""A long measurement that a kill does not set back: its finished parts lie on disk until it is whole."""

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from sglr.engine.checkpoints import load_payload, save_payload
from sglr.files.errors import UsageError
from sglr.files.records import settings_digest

Part = dict[str, Any]


class Underway:
    """Keeps the parts of one measurement in `folder`, or nothing where that is None.

    `settings` is everything that decides the parts' bits (networks, images, attack, code, device): parts of others are
    computed again. So a measurement that was killed ends with the bits of one that was not.
    """

    def __init__(self, folder: Path | None, settings: dict[str, Any]):
        self.folder, self.key = folder, settings_digest(settings)

    def part(self, name: str, compute: Callable[[], Part]) -> Part:
        """Return the part of this name, tensors and plain values: as kept, else computed now and kept."""
        if self.folder is None:
            return compute()
        path = self.folder / f"{name}.pt"
        with suppress(UsageError):  # not there yet, or damaged
            kept = load_payload(path)
            if kept["key"] == self.key:
                return kept["part"]
        part = compute()
        save_payload(path, {"key": self.key, "part": part})
        return part

    def close(self) -> None:
        """Forget the parts: the measurement is written."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)


NOT_KEPT = Underway(None, {})
