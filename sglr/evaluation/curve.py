"""The learning curves' points: accuracy on test and held-out images at the end of an epoch."""

import math
from functools import partial

from torch import Tensor, nn

from sglr.attacks.attack import Attack
from sglr.attacks.images import fixed_start
from sglr.attacks.threat import threat_model
from sglr.data.images import ImageSet, Splits
from sglr.engine import parallel
from sglr.evaluation.accuracy import correct_natural, correct_under, predictions
from sglr.models.folding import fold_batchnorm, refold
from sglr.plan.scales import AttackSpec, Engine, Measurement


class Curve:
    """What every epoch's evaluation shares: images, attack and sizes, and the copies on which `network` is measured.

    Of the two copies one judges in fp32; the other, in the engine's precision, is attacked.
    """

    def __init__(
        self,
        network: nn.Module,
        splits: Splits,
        attack: AttackSpec | None,
        measurement: Measurement,
        engine: Engine,
    ):
        self.splits, self.measurement = splits, measurement
        self.size = measurement.batch_size
        copied = partial(
            fold_batchnorm,
            network,
            fold=engine.fold,
            channels_last=engine.channels_last,
        )
        self.exact = self.searched = copied()
        self.starts: dict[str, Tensor] = {}  # drawn on the CPU, and so kept
        self.attack: Attack | None = None
        if attack is None:
            return
        if engine.precision != "fp32":
            self.searched = copied(precision=engine.precision)
        self.attack = Attack(
            self.searched,
            threat_model(attack),
            attack.step_size,
            attack.curve_steps,
            self.size if engine.graphs else 0,
        )

    def measure(self, network: nn.Module) -> dict[str, float]:
        """Return natural and PGD accuracy of the network as in eval mode; PGD's is NaN without an attack."""
        for copied in {self.exact, self.searched}:
            refold(copied, network)
        row = {}
        for name, images in (
            ("test", self.splits.test),
            ("validation", self.splits.validation),
        ):
            own = _own(images)
            natural = correct_natural(self.exact, own, self.size)
            row[f"{name}_natural_accuracy"] = _accuracy(natural, images)
            row[f"{name}_robust_accuracy"] = self._robust(name, images)
        return row

    def num_predicted(self, network: nn.Module) -> int:
        """Return how many classes the network predicts, as in eval mode, on the test images."""
        refold(self.exact, network)
        found = predictions(self.exact, self.splits.test.pixels(), self.size)
        return len(found.unique())

    def _robust(self, name: str, images: ImageSet) -> float:
        """PGD accuracy on the first images; the same start of the attack every epoch."""
        if self.attack is None:
            return math.nan
        few = images.first(self.measurement.num_curve)
        if name not in self.starts:
            start = fixed_start(self.attack.ball, few.pixels())
            self.starts[name] = parallel.own_rows(start)
        correct = correct_under(
            self.attack, self.exact, _own(few), self.size, self.starts[name]
        )
        return _accuracy(correct, few)


def _own(images: ImageSet) -> ImageSet:
    """Those that this process measures."""
    own = parallel.own_rows
    return ImageSet(own(images.images), own(images.labels), images.levels)


def _accuracy(own_correct: Tensor, images: ImageSet) -> float:
    """The share of right ones among all images."""
    return parallel.all_rows(own_correct.double(), len(images)).mean().item()
