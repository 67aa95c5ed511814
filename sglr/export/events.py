"""A run's history as TensorBoard event files, for those who watch their trainings there."""

import shutil
from pathlib import Path
from typing import Any

import pandas as pd

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
        self.writer = SummaryWriter(str(self.path))

    def add(self, row: dict[str, Any]) -> None:
        """Write one more row."""
        for name, value in row.items():
            if name != "epoch" and not pd.isna(value):
                self.writer.add_scalar(name, value, row["epoch"])
        self.writer.flush()

    def close(self) -> None:
        """Finish the file."""
        self.writer.close()


def write_events(folder: Path) -> Path:
    """Write folder/events from the run's folder/history.csv, as far as that goes; return its path.

    Raises UsageError where there is no history or the package `tensorboard` is not installed.
    """
    if not (folder / "history.csv").exists():
        raise UsageError(f"{folder / 'history.csv'}: no such file; train the run first")
    events = Events(folder)
    for row in read_csv(folder / "history.csv", ["epoch"], numbers=True).to_dict(
        "records"
    ):
        events.add(row)
    events.close()
    return events.path
