"""The bench: what every evaluation measures of a network, ours or a stranger's, by one scale's attack and images."""

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from sglr.attacks.attack import Attack
from sglr.attacks.images import attack_images
from sglr.attacks.threat import Ball, threat_model
from sglr.data.images import ImageSet, Splits
from sglr.engine.device import accelerator, device_name, has_bf16
from sglr.engine.underway import NOT_KEPT, Part, Underway
from sglr.evaluation.accuracy import in_batches
from sglr.evaluation.autoattack import AutoAttackResult, run_autoattack
from sglr.evaluation.masking import gradient_signs
from sglr.files.origin import origin
from sglr.models.folding import fold_batchnorm, refold
from sglr.plan.bound import measured_with
from sglr.plan.scales import Scale


@dataclass(frozen=True)
class Measured:
    """A network's entry of an evaluation.json; AutoAttack's result where it was run.

    `logits` (N, K) are of the test images, `natural` and `adversarial` (by PGD).
    """

    entry: dict[str, Any]
    attacked: AutoAttackResult | None
    logits: dict[str, Tensor]


@dataclass(frozen=True)
class Bench:
    """A scale's attack, and its images on the device."""

    scale: Scale
    splits: Splits
    device: torch.device
    graphs: bool = False  # for folded networks of one architecture, one after another
    attacks: dict[int, tuple[nn.Module, Attack]] = field(default_factory=dict)

    @property
    def ball(self) -> Ball:
        """The threat model."""
        return threat_model(self.scale.attack)

    def adversarial(
        self, network: nn.Module, images: ImageSet, num_steps: int
    ) -> Tensor:
        """PGD images (N, C, H, W) against `network`."""
        attack = self._attack(network, num_steps)
        return attack_images(attack, images, self.scale.measurement.batch_size)

    def _attack(self, network: nn.Module, num_steps: int) -> Attack:
        """PGD on the network; with `graphs` on one copy, which takes each network's weights and is captured once."""
        strength = self.ball, self.scale.attack.step_size, num_steps
        if not self.graphs:
            return Attack(network, *strength)
        if num_steps not in self.attacks:
            copied, size = deepcopy(network), self.scale.measurement.batch_size
            self.attacks[num_steps] = copied, Attack(copied, *strength, size)
        copied, attack = self.attacks[num_steps]
        refold(copied, network)
        return attack

    def origin(self) -> dict[str, Any]:
        """Code, versions and device."""
        return origin(device_name(self.device), accelerator())

    def decides(self, **more: Any) -> dict[str, Any]:
        """Everything that decides a measurement's bits, `more` besides (which networks), as plain values."""
        made = {key: value for key, value in self.origin().items() if key != "commit"}
        images = [self.splits.train.digest(), self.splits.test.digest()]
        measurement = measured_with("evaluate", self.scale) | vars(
            self.scale.measurement
        )
        return {"by": made, "images": images, "measurement": measurement} | more

    def accuracies(
        self,
        network: nn.Module,
        name: str,
        *,
        with_autoattack: bool,
        underway: Underway = NOT_KEPT,
    ) -> Measured:
        """Measure a folded network; `name` is what it is called in the log and among the kept parts."""
        fast = underway.part(f"{name}-pgd", lambda: self._fast(network))
        labels = self.splits.test.labels
        logits = {key: fast[key].to(self.device) for key in ("natural", "adversarial")}
        natural, robust = (each.argmax(1) == labels for each in logits.values())
        count, steps = len(natural), self.scale.attack.test_steps
        share = [each.double().mean().item() for each in (natural, robust)]
        print(
            f"{name}: natural {share[0]:.2%}, PGD-{steps} {share[1]:.2%} of {count} images",
            flush=True,
        )
        attacked = (
            self._autoattack(network, name, underway) if with_autoattack else None
        )
        entry = {
            "num_images": count,
            "natural_accuracy": share[0],
            "natural_correct": bits(natural),
            "pgd20_accuracy": share[1],
            "pgd20_correct": bits(robust),
            "autoattack": _entry(attacked) if attacked else None,
            "gradients": fast["gradients"],
        }
        return Measured(entry, attacked, logits)

    def _fast(self, network: nn.Module) -> Part:
        """All but AutoAttack."""
        test, size = self.splits.test, self.scale.measurement.batch_size
        x_adv = self.adversarial(network, test, self.scale.attack.test_steps)
        few = test.first(self.scale.measurement.num_autoattack)
        return {
            "natural": in_batches(network, test.pixels(), size),
            "adversarial": in_batches(network, x_adv, size),
            "gradients": gradient_signs(network, few, ball=self.ball, batch_size=size),
        }

    def _autoattack(
        self, network: nn.Module, name: str, underway: Underway
    ) -> AutoAttackResult:
        measurement = self.scale.measurement
        fast = measurement.fast_autoattack and has_bf16(self.device)
        return run_autoattack(
            network,
            self.splits.test.first(measurement.num_autoattack),
            ball=self.ball,
            seed=0,
            batch_size=measurement.batch_size,
            searched=fold_batchnorm(network, precision="bf16") if fast else None,
            underway=underway,
            name=name,
        )


def _entry(attacked: AutoAttackResult) -> dict[str, Any]:
    return {
        "num_images": len(attacked.correct),
        "accuracy": attacked.correct.double().mean().item(),
        "robust_after": attacked.robust_after,
        "correct": bits(attacked.correct),
    }


def bits(correct: Tensor) -> str:
    """Image by image, 1 where correct: networks are compared on the same images."""
    return "".join("1" if value else "0" for value in correct.tolist())
