"""Whether a training ended in a network that has learned nothing: it is evidence for no claim. Imports no torch."""

import math
from collections.abc import Sequence
from typing import Any

from sglr.files.settings import exact


def collapse(
    history: Sequence[dict[str, Any]],
    *,
    num_classes: int,
    num_train: int,
    num_test: int,
    num_robust: int,
    num_predicted: int,
) -> str:
    """Return why a training collapsed; "" for one that did not.

    A robust accuracy at chance in the last epoch is no collapse: robust overfitting ends there. Nor is a loss above
    ln K alone: losses of several terms lie there.

    Args:
        history: a row an epoch, accuracies as fractions; robust ones NaN where training was not adversarial.
        num_robust: how many test images the history's robust accuracies are of.
        num_predicted: how many classes the last network predicts on the test images.
    """
    last = history[-1]
    natural, trained = last["test_natural_accuracy"], last["train_accuracy"]
    robust = max(row["test_robust_accuracy"] for row in history)
    loss = min(row["train_loss"] for row in history)
    if num_predicted == 1:
        return "it predicts one class for every test image"
    if natural <= chance(num_classes, num_test):
        return f"its natural accuracy, {_percent(natural)}, is chance"
    if robust <= chance(num_classes, num_robust):
        return f"its robust accuracy, in its best epoch {_percent(robust)}, is chance"
    if loss > math.log(num_classes) and trained <= chance(num_classes, num_train):
        return f"its training loss stays above ln {num_classes}, at {exact(loss)}"
    return ""


def chance(num_classes: int, num_images: int) -> float:
    """Return up to which accuracy a network has learned nothing: half as much again as 1/K, or 1/K and two standard
    errors of it where there are few images.

    Random weights give up to a fifth more than 1/K, for classes are not alike.
    """
    share = 1 / num_classes
    error = math.sqrt(share * (1 - share) / num_images)
    return max(1.5 * share, share + 2 * error)


def _percent(accuracy: float) -> str:
    return f"{100 * accuracy:.1f} %"
