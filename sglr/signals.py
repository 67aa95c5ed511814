"""SIGTERM, noted and acted on where a training can stop cleanly."""

import signal
from types import FrameType


class StopRequest:
    """Whether SIGTERM has come since `listen`."""

    def __init__(self) -> None:
        self.received = False

    def listen(self) -> "StopRequest":
        """Note SIGTERM from now on instead of dying of it."""
        signal.signal(signal.SIGTERM, self._note)
        return self

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.received = True
