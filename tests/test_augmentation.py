"""Augmentation against a slow loop, and its draws against their frequencies."""

import torch

from sglr.data.augment import augment
from sglr.data.digits import number_parts


def augment_slowly(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """One image and one pixel at a time, the choices drawn in the same order."""
    count, channels, height, width = x.shape
    tops, lefts = (torch.randint(9, (count, 1), generator=generator) for _ in range(2))
    flips = torch.rand(count, 1, generator=generator) < 0.5
    out = torch.zeros_like(x)
    for n in range(count):
        for i in range(height):
            for j in range(width):
                row = i + int(tops[n]) - 4
                column = (width - 1 - j if flips[n] else j) + int(lefts[n]) - 4
                if 0 <= row < height and 0 <= column < width:
                    out[n, :, i, j] = x[n, :, row, column]
    return out


def test_augmentation_equals_a_slow_loop_on_oblong_images_of_three_channels():
    numbers = number_parts([60, 10, 10])[0].pixels()
    # (20, 3, 8, 16): no two sizes alike.
    x = torch.cat([numbers[:20], numbers[20:40], numbers[40:60]], dim=1)
    fast = augment(x, torch.Generator().manual_seed(5))
    assert torch.equal(fast, augment_slowly(x, torch.Generator().manual_seed(5)))
    assert not torch.equal(fast, augment(x, torch.Generator().manual_seed(6)))


def test_augmentation_draws_every_shift_and_either_side_per_image():
    x = torch.zeros(20000, 1, 9, 9)
    x[:, :, 4, 4], x[:, :, 4, 5] = 1.0, 0.5  # the second pixel tells the side
    out = augment(x, torch.Generator().manual_seed(0))[:, 0]
    bright = (out == 1).flatten(1)
    # A shift of at most 4 keeps the centre of a 9x9 image.
    assert bright.sum(1).eq(1).all()
    frequency = bright.float().mean(0) * 81
    assert (
        frequency - 1
    ).abs().max() < 0.3  # 81 cells of 247 expected: sd 0.063, 0.3 is 4.7 sd
    middle = out[(out[:, :, 4] == 1).any(1)]
    mirrored = (middle[:, :, 3] == 0.5).any(1).float().mean()
    assert abs(mirrored - 0.5) < 0.05  # about 2,200 images: sd 0.011
