"""A run's history as TensorBoard event files, for those who watch their trainings there."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from sglr.files.again import command_for
from sglr.files.disk import refused
from sglr.files.errors import UsageError
from sglr.files.records import read_csv


class Events:
    """Writes rows of a history to folder/events, a scalar a column and a point an epoch.

    What was not measured, such as robust accuracy in standard training, is left out. Raises UsageError where the
    package `tensorboard` is not installed.
    """

    def __init__(self, folder: Path):
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise UsageError(
                "the package tensorboard is not installed: pip install 'sglr[tensorboard]'"
            ) from None
        self.path = folder / "events"
        # A second file would draw every curve twice.
        shutil.rmtree(self.path, ignore_errors=True)
        with self._refusing():
            self.writer = SummaryWriter(str(self.path))

    def add(self, row: dict[str, Any]) -> None:
        """Write one more row. Raises UsageError where the system refuses."""
        with self._refusing():
            for name, value in row.items():
                if name != "epoch" and not pd.isna(value):
                    self.writer.add_scalar(name, value, row["epoch"])
            self.writer.flush()

    def close(self) -> None:
        """Finish the file."""
        with self._refusing():
            self.writer.close()

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise refused(self.path, error, "written") from None


def write_events(folder: Path) -> Path:
    """Write folder/events from the run's folder/history.csv, as far as that goes; return its path.

    Raises UsageError where there is no history or the package `tensorboard` is not installed.
    """
    if not (folder / "history.csv").exists():
        raise UsageError(
            f"{folder / 'history.csv'}: no such file; train the run first: {command_for(folder / 'history.csv')}"
        )
    events = Events(folder)
    for row in read_csv(folder / "history.csv").to_dict("records"):
        events.add(row)
    events.close()
    return events.path
