"""What a training records of the labels that it trains towards. Draws nothing at random and changes nothing."""

from typing import Any

import torch
from torch import Tensor

from sglr.methods.objective import Objective
from sglr.plan.names import EXAMPLE

Row = dict[str, Any]
_SMALLEST = 0.005  # of a label's entries, what its course keeps


def labels_now(objective: Objective, truth: Tensor, epoch: int) -> Row:
    """Return how many labels are right at the end of `epoch`, and the label of one example.

    A label is right where its largest entry is the true class. `truth` (num_train,) are the
    classes before any label noise; the example is the first of class EXAMPLE.
    """
    index = torch.arange(len(truth), device=truth.device)
    right = objective.targets(index).argmax(1) == truth
    example = objective.targets(_first(truth, EXAMPLE))[0]
    accuracy = right.double().mean().item()
    return {"epoch": epoch, "label_accuracy": accuracy, "example": example.tolist()}


def accuracy_rows(labels: list[Row]) -> list[Row]:
    """Return a row an epoch: the share of right labels."""
    return [{key: row[key] for key in ("epoch", "label_accuracy")} for row in labels]


def course_rows(labels: list[Row]) -> list[Row]:
    """Return a row for each epoch and class: the example's label, without its smallest entries."""
    return [
        {"epoch": row["epoch"], "target_class": target, "probability": value}
        for row in labels
        for target, value in enumerate(row["example"])
        if value >= _SMALLEST
    ]


def example_rows(objective: Objective, truth: Tensor, num_classes: int) -> list[Row]:
    """Return the whole label of the first training example of each class."""
    first = torch.cat([_first(truth, label) for label in range(num_classes)])
    return [
        {"class_index": label, "target_class": target, "probability": value}
        for label, row in enumerate(objective.targets(first).tolist())
        for target, value in enumerate(row)
    ]


def _first(truth: Tensor, label: int) -> Tensor:
    """Return the index (1,) of the first training example of a class."""
    return (truth == label).nonzero()[0]
