"""One step of PGD-AT as `sglr.training.recipe` takes it, on images that lie on the device."""

import torch
from torch import Tensor, nn
from torch.nn.utils import get_total_norm

from sglr.attacks.adversary import Adversary
from sglr.attacks.threat import LinfBall
from sglr.data.augment import augment
from sglr.data.images import ImageSet
from sglr.methods.at import AdversarialTraining, At
from sglr.methods.losses import cross_entropy
from sglr.methods.objective import Setup
from sglr.models.layout import memory_format
from sglr.plan.scales import Engine


class EngineLoop:
    """Augmentation in batches, the attack on the engine's copy of the network, one step of fused SGD."""

    def __init__(
        self,
        model: nn.Module,
        images: ImageSet,
        batch_size: int,
        steps: int,
        device: str,
        engine: Engine,
    ):
        self.images, self.batch_size, self.device = (
            images.to(device),
            batch_size,
            device,
        )
        self.generator = torch.Generator(device).manual_seed(0)
        self.format = memory_format(model, engine.channels_last)
        self.model = model.to(device).to(memory_format=self.format).train()
        self.model.autocast = engine.precision == "bf16"  # type: ignore[assignment]
        adversary = Adversary(
            self.model,
            LinfBall(8 / 255),
            2 / 255,
            steps,
            self.generator,
            engine,
            batch_size,
        )
        setup = Setup(self.model, self.images.labels, 10, 1, adversary, {}, self.images)
        self.objective = AdversarialTraining(At(), setup)
        self.optimizer = torch.optim.SGD(
            model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4, fused=True
        )

    def batch(self) -> tuple[Tensor, Tensor, Tensor]:
        """A random batch, augmented, and its places."""
        index = torch.randperm(
            len(self.images), generator=self.generator, device=self.device
        )[: self.batch_size]
        x = augment(self.images.pixels(index), self.generator)
        return x.contiguous(memory_format=self.format), self.images.labels[index], index

    def attack(self, x: Tensor, y: Tensor) -> Tensor:
        """Return adversarial images."""
        return self.objective.adversary.attack(self.model, x, cross_entropy, y)

    def step(self) -> None:
        """Take a batch, attack it, and train on it."""
        x, _, index = self.batch()
        result = self.objective.loss(x, index, 1)
        self.optimizer.zero_grad()
        result.loss.backward()
        # Every step records it.
        get_total_norm([p.grad for p in self.model.parameters() if p.grad is not None])
        self.optimizer.step()
