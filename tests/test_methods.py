"""What each method does to a training step, on real digits."""

import torch

from sglr.data.augment import augment
from sglr.forwards import count_forwards


def test_forward_counts_are_the_codes(splits):
    rows = count_forwards(splits.train.pixels()[:8], splits.train.labels[:8])
    # KD-SWA: three in the step, and the average's pass that estimates its BatchNorm anew
    assert {row["method"]: row["forwards_measured"] for row in rows} == {"ard": 3, "rslad": 3, "kd_swa": 4, "sglr": 2}


def test_augmentation_is_a_crop_of_the_padded_image_or_its_mirror(splits):
    x = splits.train.pixels()[:30]
    padded = torch.nn.functional.pad(x, (4,) * 4)
    for image, source in zip(augment(x, torch.Generator().manual_seed(0)), padded, strict=True):
        crops = [source[:, i : i + 8, j : j + 8] for i in range(9) for j in range(9)]
        assert any(torch.equal(image, crop) or torch.equal(image, crop.flip(2)) for crop in crops)


def test_data_parts_are_disjoint(splits):
    parts = [
        {image.numpy().tobytes() for image in part.images} for part in (splits.train, splits.validation, splits.test)
    ]
    assert not (parts[0] & parts[1]) and not (parts[0] & parts[2]) and not (parts[1] & parts[2])
