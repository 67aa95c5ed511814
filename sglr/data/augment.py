"""Augmentation in batches."""

import torch
from torch import Tensor
from torch.nn import functional as F


def augment(x: Tensor, generator: torch.Generator, padding: int = 4) -> Tensor:
    """Return x (N, C, H, W), each image zero-padded, cropped at random, and mirrored in half of cases.

    The choices are drawn on the generator's device, the images gathered on their own.
    """
    count, channels, height, width = x.shape
    padded = F.pad(x, (padding,) * 4)
    top = torch.randint(
        2 * padding + 1, (count, 1), generator=generator, device=generator.device
    ).to(x.device)
    left = torch.randint(
        2 * padding + 1, (count, 1), generator=generator, device=generator.device
    ).to(x.device)
    flip = (
        torch.rand(count, 1, generator=generator, device=generator.device).to(x.device)
        < 0.5
    )
    rows = top + torch.arange(height, device=x.device)
    forward = torch.arange(width, device=x.device).expand(count, width)
    columns = left + torch.where(flip, forward.flip(1), forward)
    image = torch.arange(count, device=x.device)[:, None, None, None]
    channel = torch.arange(channels, device=x.device)[None, :, None, None]
    return padded[image, channel, rows[:, None, :, None], columns[:, None, None, :]]
