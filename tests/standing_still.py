"""`python standing_still.py EPOCHS train RUN ...`: `sglr train RUN ...` that stands still until a signal comes.

It does so in the middle of the epoch after so many, so a test strikes there however fast or slow the machine is.
"""

import sys
import time
from collections.abc import Callable
from typing import Any

from sglr.cli import main
from sglr.training.progress import Progress
from sglr.training.signals import StopRequest

epochs = int(sys.argv.pop(1))
said, checked = Progress.epoch, StopRequest.check


def epoch(self: Progress, row: dict[str, Any]) -> None:
    global epochs
    said(self, row)
    epochs -= 1


def check(self: StopRequest, any_process: Callable[[bool], bool] = bool) -> None:
    """The first check of an epoch comes before its first step, the second one after it."""
    global epochs
    if epochs == 0:
        epochs = -1
        return
    while epochs == -1 and self.received is None:
        time.sleep(0.01)
    checked(self, any_process)


Progress.epoch, StopRequest.check = epoch, check
main()
