"""Signals that ask for an end, acted on where a training can stop and lose nothing."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from sglr.files.errors import Interrupted

# EX_TEMPFAIL of sysexits.h: try again. A closed terminal and a scheduler's warning are as good a reason as SIGTERM.
EXIT_STATUS = {
    signal.SIGTERM: 75,
    signal.SIGHUP: 75,
    signal.SIGUSR1: 75,
    signal.SIGUSR2: 75,
    signal.SIGINT: 130,  # what a shell says of Ctrl-C
}


class StopRequest:
    """Whether a signal has come since `listen`; a second SIGINT ends the process at once."""

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self._raises = False

    @contextmanager
    def listen(self) -> Iterator["StopRequest"]:
        """Note signals instead of dying of them; afterwards, while the process ends, ignore them.

        Python gives its handlers back before it is gone: a signal then would spoil the status of a finished training.
        """
        for number in EXIT_STATUS:
            signal.signal(number, self._note)
        try:
            yield self
        finally:
            for number in EXIT_STATUS:
                signal.signal(number, signal.SIG_IGN)

    def check(self, any_process: Callable[[bool], bool] = bool) -> None:
        """Raise Interrupted if a signal has come; `any_process` asks the other processes, where there are some."""
        if any_process(self.received is not None):
            number = self.received or signal.SIGTERM
            raise Interrupted(f"stopped by {number.name}", EXIT_STATUS[number])

    @contextmanager
    def raising(self) -> Iterator[None]:
        """Within, a signal raises Interrupted where it comes: for work that may be cut anywhere and done again."""
        self._raises = True
        try:
            self.check()
            yield
            self.check()  # for code that swallowed what was raised in it
        finally:
            self._raises = False

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.received = self.received or signal.Signals(number)
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        if self._raises:
            self._raises = False  # once, so that a second signal cannot cut the saving that follows
            self.check()
