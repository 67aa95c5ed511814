"""What a measurement says while it lasts: a bar on a terminal, a line an attack in a log."""

import sys
from math import ceil

from tqdm import tqdm

# What an attack takes an image that withstands it, in passes forward and backward of APGD: 100 iterations; 9 targets of
# 100; the same with a projection; 5,000 queries forward.
_WORK = {"apgd-ce": 100, "apgd-t": 900, "fab-t": 1100, "square": 1700}


class AttackProgress:
    """Counts the attacks on one network's images, and estimates what is left from what they have taken so far."""

    def __init__(self, name: str, attacks: list[str], num_images: int):
        self.name, self.num_images = name, num_images
        self.title, self.coming = "", list(attacks)
        self.done, self.spent, self.of_this = 0.0, 0.0, 0.0
        self.bar = tqdm(
            desc=name, unit="image", disable=not sys.stdout.isatty(), file=sys.stdout
        )

    def begin(self, title: str, num_images: int) -> None:
        """The next attack begins, on so many images."""
        self.title, self.of_this = title, 0.0
        self.attack = self.coming.pop(0)
        self.bar.reset(total=num_images)
        self.bar.set_description(f"{self.name}: {title}")

    def batch(self, num_images: int, seconds: float) -> None:
        """So many images were attacked, in so many seconds, now or before a kill."""
        self.done += num_images * _WORK[self.attack]
        self.spent += seconds
        self.of_this += seconds
        self.bar.update(num_images)

    def end(self, robust: int) -> str:
        """The attack is done and leaves so many images; return, and say in a log, the line about it."""
        left = robust * sum(_WORK[attack] for attack in self.coming)
        estimate = self.spent / self.done * left if self.done else 0.0
        line = f"{self.name}: {self.title}: {robust} of {self.num_images} robust so far, {self.of_this:.0f} s"
        if self.coming and robust:
            line += f"; about {ceil(estimate / 60)} minutes left"
        if self.bar.disable:
            print(line, flush=True)
        return line

    def close(self) -> None:
        """Leave the terminal to whoever comes next."""
        self.bar.close()
