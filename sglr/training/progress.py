"""A training's progress: a bar on a terminal, one line an epoch in a log."""

import sys
from typing import Any

from tqdm import tqdm


class Progress:
    """Counts epochs; `done` of them were trained before."""

    def __init__(self, run_id: str, epochs: int, done: int):
        self.run_id, self.epochs = run_id, epochs
        hidden = not sys.stdout.isatty()
        self.bar = tqdm(
            total=epochs,
            initial=done,
            desc=run_id,
            unit="epoch",
            disable=hidden,
            file=sys.stdout,
        )

    def epoch(self, row: dict[str, Any]) -> None:
        """Show one more row of the history."""
        text = (
            f"loss {row['train_loss']:.3f} train {row['train_accuracy']:.3f} "
            f"test {row['test_natural_accuracy']:.3f} robust {row['test_robust_accuracy']:.3f}"
        )
        if self.bar.disable:
            print(
                f"{self.run_id} epoch {row['epoch']}/{self.epochs} {text}", flush=True
            )
        self.bar.set_postfix_str(text, refresh=False)
        self.bar.update()

    def close(self) -> None:
        """Leave the terminal to whoever comes next."""
        self.bar.close()
