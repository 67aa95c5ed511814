"""A run's history as TensorBoard event files, for those who watch their trainings there."""

import shutil
from pathlib import Path

import pandas as pd

from sglr.files.errors import UsageError


def write_events(folder: Path) -> Path:
    """Write folder/events from the run's folder/history.csv, a scalar a column and a point an epoch; return its path.

    What was not measured, such as robust accuracy in standard training, is left out. Raises UsageError where the run
    was not trained to its end or the package `tensorboard` is not installed.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise UsageError("the package tensorboard is not installed: pip install 'sglr[tensorboard]'") from None
    if not (folder / "history.csv").exists():
        raise UsageError(f"{folder / 'history.csv'}: no such file; train the run first")
    history = pd.read_csv(folder / "history.csv").set_index("epoch")
    events = folder / "events"
    shutil.rmtree(events, ignore_errors=True)  # a second file would draw every curve twice
    with SummaryWriter(str(events)) as writer:
        for name, column in history.items():
            for epoch, value in column.dropna().items():
                writer.add_scalar(name, value, epoch)
    return events
