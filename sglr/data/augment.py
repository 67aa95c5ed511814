"""Augmentation in batches."""

import torch
from torch import Tensor
from torch.nn import functional as F


def augment(x: Tensor, generator: torch.Generator, padding: int = 4) -> Tensor:
    """Return x (N, C, H, W), each image zero-padded, cropped at random, and mirrored in half of cases."""
    count, channels, height, width = x.shape
    padded = F.pad(x, (padding,) * 4)
    top = torch.randint(2 * padding + 1, (count, 1), generator=generator)
    left = torch.randint(2 * padding + 1, (count, 1), generator=generator)
    flip = torch.rand(count, 1, generator=generator) < 0.5
    rows = top + torch.arange(height)
    forward = torch.arange(width).expand(count, width)
    columns = left + torch.where(flip, forward.flip(1), forward)
    image = torch.arange(count)[:, None, None, None]
    channel = torch.arange(channels)[None, :, None, None]
    return padded[image, channel, rows[:, None, :, None], columns[:, None, None, :]]
