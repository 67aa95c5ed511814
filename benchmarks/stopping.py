"""A training that is stopped after so many looks for a signal."""

import signal
from collections.abc import Callable

from sglr.training.signals import StopRequest


class StopAt(StopRequest):
    """A request to stop that comes after so many looks: one before an epoch, one a step, two for its evaluation."""

    def __init__(self, looks: int):
        super().__init__()
        self.left = looks

    def check(self, any_process: Callable[[bool], bool] = bool) -> None:
        """Raise Interrupted once more than those have asked."""
        self.left -= 1
        self.received = signal.SIGTERM if self.left < 0 else None
        super().check(any_process)
