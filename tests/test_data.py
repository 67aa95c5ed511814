"""The data: which images, disjoint, balanced, the same ones each time."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from drawn_splits import assert_balanced, assert_disjoint, contents, load
from sklearn.datasets import load_digits

from sglr.data import load_splits
from sglr.data.images import ImageSet, Splits, balanced_order
from sglr.files.errors import UsageError
from sglr.plan.scale_files import load_scale


def parts_of(splits: Splits) -> list[ImageSet]:
    return [splits.train, splits.validation, splits.test]


@pytest.mark.parametrize("scale", ["digits", "smoke"])
def test_digits_of_each_scale_are_disjoint_and_balanced(scale):
    spec = load_scale(scale).data["digits"]
    parts = parts_of(load_splits(spec, label_noise=0.0, seed=0))
    assert [len(part) for part in parts] == [
        spec.num_train,
        spec.num_validation,
        spec.num_test,
    ]
    assert_disjoint(*(contents(part.images) for part in parts))
    for part in parts:
        assert_balanced(part, 10)


def test_digits_keep_pixels_and_labels_together():
    source = load_digits()
    label_of = {
        image.astype(np.uint8).tobytes(): label
        for image, label in zip(source.images, source.target, strict=True)
    }
    splits = load("digits", 1000, 297, 500)  # all 1,797, none lost or doubled
    found = [
        (image.numpy().tobytes(), int(y))
        for p in parts_of(splits)
        for image, y in zip(p.images, p.labels, strict=True)
    ]
    assert dict(found) == label_of and len(found) == 1797


def test_pixels_fill_zero_to_one():
    part = load("digits", 50, 20, 50).train
    assert (
        part.images.dtype == torch.uint8
        and part.labels.dtype == torch.int64
        and part.images.shape == (50, 1, 8, 8)
    )
    x = part.pixels()
    assert x.dtype == torch.float32 and x.min() == 0 and x.max() == 1
    index = torch.tensor([7, 3])
    assert torch.equal(part.pixels(index), x[index])
    assert torch.equal(part.at(index).labels, part.labels[index]) and torch.equal(
        part.to("cpu").pixels(), x
    )


def test_numbers_show_their_label_and_share_no_digit_between_parts():
    source = load_digits()
    label_of = {
        image.astype(np.uint8).tobytes(): label
        for image, label in zip(source.images, source.target, strict=True)
    }
    spec = load_scale("digits").data["numbers"]
    splits = load_splits(spec, label_noise=0.0, seed=0)
    used = []
    for part in parts_of(splits):
        assert part.images.shape[1:] == (1, 8, 16)
        assert_balanced(part, 100)
        left, right = part.images[..., :8], part.images[..., 8:]
        for number, first, second in zip(
            part.labels.tolist(), left, right, strict=True
        ):
            assert (
                number
                == 10 * label_of[first.numpy().tobytes()]
                + label_of[second.numpy().tobytes()]
            )
        used.append(contents(left) | contents(right))
    assert_disjoint(*used)


@pytest.mark.parametrize("source", ["digits", "numbers"])
def test_the_seed_decides_the_noise_and_nothing_else(source):
    first, again, other = (
        load(source, 500, 200, 300, noise=0.4, seed=seed) for seed in (0, 0, 1)
    )
    for a, b, c in zip(parts_of(first), parts_of(again), parts_of(other), strict=True):
        assert (
            torch.equal(a.images, b.images)
            and torch.equal(a.labels, b.labels)
            and torch.equal(a.images, c.images)
        )
    assert torch.equal(first.true_labels, other.true_labels)
    assert not torch.equal(first.train.labels, other.train.labels)
    assert torch.equal(first.validation.labels, other.validation.labels)
    assert torch.equal(first.test.labels, other.test.labels)
    assert first.corrupted.sum() == 200
    assert torch.equal(
        first.train.labels[~first.corrupted], first.true_labels[~first.corrupted]
    )
    assert torch.equal(first.true_labels, load(source, 500, 200, 300).train.labels)


def test_loading_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    load("numbers", 200, 100, 100, noise=0.4)
    assert torch.equal(before, torch.get_rng_state())


def test_more_digits_than_there_are_is_one_clear_line():
    with pytest.raises(
        UsageError,
        match=r"^digits has 1797 images in all; the scale asks for \[1000, 500, 500\]$",
    ):
        load("digits", 1000, 500, 500)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        (
            {"num_train": 5},
            "digits: num_train is 5, and no image among them is of class",
        ),
        ({"num_validation": 9}, "digits: num_validation is 9, and no image among them"),
        ({"num_test": 1}, "digits: num_test is 1, and no image among them is of class"),
    ],
)
def test_a_class_without_an_image_is_named_with_its_split(sizes, message):
    spec = replace(load_scale("smoke").data["digits"], **sizes)
    with pytest.raises(UsageError, match=message):
        load_splits(spec, label_noise=0.0, seed=0)


def test_balanced_order_is_a_permutation_whose_beginnings_are_balanced():
    labels = torch.from_numpy(load_digits().target).long()
    order = balanced_order(labels, torch.Generator().manual_seed(3))
    assert torch.equal(order.sort().values, torch.arange(1797))
    for count in (1, 9, 10, 57, 1200, 1740):  # the smallest class has 174
        counts = torch.bincount(labels[order[:count]], minlength=10)
        assert counts.max() - counts.min() <= 1
    # No fixed turn of the classes.
    assert not torch.equal(labels[order[:10]], labels[order[10:20]])
    assert not torch.equal(
        order, balanced_order(labels, torch.Generator().manual_seed(4))
    )
