"""What a training records of its labels, against numbers counted by hand."""

from types import SimpleNamespace

import torch

from sglr.plan.names import EXAMPLE
from sglr.training.labels import accuracy_rows, course_rows, example_rows, labels_now

TRUTH = torch.tensor([3, 0, 1, 2, 3])
LABELS = torch.tensor(
    [
        [0.001, 0.2, 0.3, 0.499],  # right, and the first of class 3
        [0.2, 0.5, 0.2, 0.1],  # wrong
        [0.1, 0.6, 0.2, 0.1],  # right
        [0.0, 0.0, 1.0, 0.0],  # right
        [0.4, 0.3, 0.2, 0.1],  # wrong
    ]
)
OBJECTIVE = SimpleNamespace(targets=lambda index: LABELS[index])


def test_a_label_is_right_where_its_largest_entry_is_the_true_class():
    rows = [labels_now(OBJECTIVE, TRUTH, epoch) for epoch in (1, 2)]
    assert accuracy_rows(rows) == [
        {"epoch": epoch, "label_accuracy": 3 / 5} for epoch in (1, 2)
    ]


def test_the_course_is_the_first_examples_without_its_smallest_entries():
    assert EXAMPLE == 3
    rows = course_rows([labels_now(OBJECTIVE, TRUTH, 7)])
    found = [(row["epoch"], row["target_class"]) for row in rows]
    assert found == [(7, 1), (7, 2), (7, 3)]
    shares = torch.tensor([row["probability"] for row in rows])
    assert torch.equal(shares, LABELS[0, 1:])


def test_of_each_class_the_first_examples_whole_label_is_kept():
    rows = example_rows(OBJECTIVE, TRUTH, 4)
    found = torch.tensor([row["probability"] for row in rows]).reshape(4, 4)
    assert torch.equal(found, LABELS[[1, 2, 3, 0]])


def test_recording_draws_nothing_at_random():
    before = torch.get_rng_state()
    labels_now(OBJECTIVE, TRUTH, 1)
    example_rows(OBJECTIVE, TRUTH, 4)
    assert torch.equal(torch.get_rng_state(), before)
