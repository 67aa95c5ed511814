"""The learning curves' points: accuracy on test and held-out images at the end of an epoch."""

import math
from functools import partial

from torch import nn

from sglr.attacks.threat import LinfBall
from sglr.data.images import ImageSet, Splits
from sglr.evaluation.accuracy import correct_natural, correct_under_pgd, predictions
from sglr.models.folding import fold_batchnorm
from sglr.plan.scales import AttackSpec, Engine, Measurement


class Curve:
    """What every epoch's evaluation shares: images, attack and sizes."""

    def __init__(
        self,
        splits: Splits,
        attack: AttackSpec | None,
        measurement: Measurement,
        engine: Engine,
    ):
        self.splits, self.attack, self.measurement, self.engine = (
            splits,
            attack,
            measurement,
            engine,
        )

    def measure(self, network: nn.Module) -> dict[str, float]:
        """Return natural and PGD accuracy of the network (eval mode); PGD's is NaN without an attack."""
        engine = self.engine
        copied = partial(
            fold_batchnorm,
            network,
            fold=engine.fold,
            channels_last=engine.channels_last,
        )
        exact = copied()
        attacked = (
            exact if engine.precision == "fp32" else copied(precision=engine.precision)
        )
        row = {}
        for name, images in (
            ("test", self.splits.test),
            ("validation", self.splits.validation),
        ):
            natural = correct_natural(exact, images, self.measurement.batch_size)
            row[f"{name}_natural_accuracy"] = natural.double().mean().item()
            row[f"{name}_robust_accuracy"] = self._robust(exact, attacked, images)
        return row

    def num_predicted(self, network: nn.Module) -> int:
        """Return how many classes the network (eval mode) predicts on the test images."""
        x, size = self.splits.test.pixels(), self.measurement.batch_size
        return len(predictions(fold_batchnorm(network), x, size).unique())

    def _robust(self, exact: nn.Module, attacked: nn.Module, images: ImageSet) -> float:
        """PGD accuracy on the first images; the same start of the attack every epoch."""
        if self.attack is None:
            return math.nan
        correct = correct_under_pgd(
            exact,
            images.first(self.measurement.num_curve),
            ball=LinfBall(self.attack.epsilon),
            step_size=self.attack.step_size,
            num_steps=self.attack.curve_steps,
            batch_size=self.measurement.batch_size,
            attacked=attacked,
        )
        return correct.double().mean().item()
