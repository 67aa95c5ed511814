"""What the engine is compared with: the plain loop of the field's reference code.

Written apart from the engine: it shares the network's definition with it and nothing else.
"""

from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms


class Pictures(Dataset):
    """Images as torchvision's CIFAR hands them out: a PIL image made and transformed one at a time."""

    def __init__(self, images: np.ndarray, labels: np.ndarray):
        self.images, self.labels = images, labels
        self.transform = transforms.Compose(
            [
                transforms.RandomCrop(32, padding=4),
                transforms.RandomHorizontalFlip(),
                transforms.ToTensor(),
            ]
        )

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.transform(Image.fromarray(self.images[index])), int(
            self.labels[index]
        )


class PlainLoop:
    """fp32, the attack in train mode, `backward` for the attack's gradient, so that the weights' are computed too."""

    def __init__(
        self,
        model: nn.Module,
        images: Tensor,
        labels: Tensor,
        batch_size: int,
        steps: int,
        device: str,
    ):
        self.model, self.device, self.steps = model.to(device).train(), device, steps
        self.optimizer = torch.optim.SGD(
            model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4
        )
        pictures = Pictures(images.permute(0, 2, 3, 1).numpy(), labels.numpy())
        self.loader = DataLoader(
            pictures, batch_size, shuffle=True, num_workers=0 if device == "cpu" else 4
        )
        self.batches: Iterator = iter(())

    def batch(self) -> tuple[Tensor, Tensor]:
        """The next batch; the loader starts again when it has run out."""
        try:
            x, y = next(self.batches)
        except StopIteration:
            self.batches = iter(self.loader)
            x, y = next(self.batches)
        return x.to(self.device), y.to(self.device)

    def attack(self, x: Tensor, y: Tensor) -> Tensor:
        """PGD by `backward` on the mean loss."""
        delta = torch.empty_like(x).uniform_(-8 / 255, 8 / 255)
        delta.data = torch.clamp(x + delta.data, 0, 1) - x
        for _ in range(self.steps):
            delta.requires_grad_(True)
            F.cross_entropy(self.model(x + delta), y).backward()
            moved = torch.clamp(
                delta.detach() + 2 / 255 * delta.grad.sign(), -8 / 255, 8 / 255
            )
            delta = torch.clamp(x + moved, 0, 1) - x
        return (x + delta).detach()

    def step(self) -> None:
        """Load a batch, attack it, and train on it."""
        x, y = self.batch()
        x_adv = self.attack(x, y)
        self.optimizer.zero_grad()
        loss = F.cross_entropy(self.model(x_adv), y)
        loss.backward()
        self.optimizer.step()
        loss.item()
