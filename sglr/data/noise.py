"""Label noise."""

import torch
from torch import Tensor


def corrupt_labels(
    y: Tensor, noise: float, num_classes: int, seed: int
) -> tuple[Tensor, Tensor]:
    """Return labels of which int(noise N) are redrawn uniformly over all classes, and the (N,) mask of those.

    A redrawn label may equal the true one, as in the paper ("uniform distribution over all labels").
    """
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.randperm(len(y), generator=generator)[: int(noise * len(y))]
    noisy, mask = y.clone(), torch.zeros(len(y), dtype=torch.bool)
    noisy[chosen] = torch.randint(num_classes, (len(chosen),), generator=generator)
    mask[chosen] = True
    return noisy, mask
