"""What the engine's attack is compared with: torchattacks' PGD."""

import torchattacks
from torch import Tensor, nn


class TorchAttacks:
    """torchattacks' PGD with the same settings; the library puts the network in eval mode."""

    def __init__(self, model: nn.Module, steps: int, device: str):
        self.pgd = torchattacks.PGD(
            model.to(device), eps=8 / 255, alpha=2 / 255, steps=steps
        )

    def attack(self, x: Tensor, y: Tensor) -> Tensor:
        """Return adversarial images."""
        return self.pgd(x, y)
