"""One training: attack, targets, loss, step; an evaluation and a saved state after every epoch."""

import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sglr.adversary import Adversary
from sglr.averaging import WeightAverage, build_average
from sglr.checkpoints import load_payload, load_state, save_payload
from sglr.data import load_splits
from sglr.data.augment import augment
from sglr.data.images import ImageSet, Splits
from sglr.errors import Interrupted, UsageError
from sglr.evaluation import correct_natural, correct_under_pgd
from sglr.methods import METHODS
from sglr.models import build
from sglr.models.folding import fold_batchnorm
from sglr.objectives import Objective, Setup, build_objective
from sglr.records import origin, settings_digest, write_csv, write_json
from sglr.runs import Run
from sglr.scales import Optimisation, Scale
from sglr.schedules import learning_rate
from sglr.signals import StopRequest
from sglr.threat import LinfBall


def build_network(run: Run, scale: Scale, splits: Splits) -> nn.Module:
    """The run's network at its first weights, which the run's seed alone decides."""
    return build(
        run.architecture or scale.network.architecture,
        splits.num_classes,
        splits.train.images.shape[1],
        scale.network.width,
        run.seed,
        stem_stride=scale.network.stem_stride,
    )


def load_network(path: Path, run: Run, scale: Scale, splits: Splits) -> nn.Module:
    """The run's network with the weights saved at `path`, in eval mode. Raises UsageError for another run's file."""
    payload = load_payload(path)
    if payload["run"] != run.id:
        raise UsageError(f"{path}: holds run {payload['run']!r}, expected {run.id!r}")
    network = build_network(run, scale, splits)
    network.load_state_dict(payload["weights"])
    return network.eval()


class Training:
    """A training and all of its state."""

    def __init__(self, run: Run, scale: Scale, folder: Path, settings: dict[str, Any]):
        self.run, self.scale, self.folder = run, scale, folder
        self.settings, self.fingerprint = settings, settings_digest(settings)
        self.adversarial = METHODS[run.method].adversarial
        self.recipe: Optimisation = scale.adversarial if self.adversarial else scale.standard
        self.splits = load_splits(scale.data[run.dataset], label_noise=run.label_noise, seed=run.seed)
        self.generator = torch.Generator().manual_seed(1000 + run.seed)
        self.ball = LinfBall(scale.attack.epsilon)
        self.model = build_network(run, scale, self.splits)
        self.optimizer = torch.optim.SGD(
            self.model.parameters(),
            lr=self.recipe.learning_rate,
            momentum=self.recipe.momentum,
            weight_decay=self.recipe.weight_decay,
        )
        self.objective = self._objective()
        self.average: WeightAverage | None = build_average(run.method_settings(), self.model, self.recipe.epochs)
        self.history: list[dict[str, Any]] = []
        self.kept: dict[str, Any] = {"best": {}, "best_validation": {}, "trajectory": []}
        self.seconds: list[float] = []

    def _objective(self) -> Objective:
        attack = self.scale.attack
        steps = (attack.step_size, attack.train_steps, self.generator)
        setup = Setup(
            labels=self.splits.train.labels,
            num_classes=self.splits.num_classes,
            epochs=self.recipe.epochs,
            adversary=Adversary(self.model, self.ball, *steps) if self.adversarial else None,
            teachers={name: self._teacher(name) for name in METHODS[self.run.method].teachers},
            validation=self.splits.validation,
            model=self.model,
        )
        return build_objective(self.run.method, self.run.method_settings(), setup)

    def _teacher(self, method: str) -> nn.Module:
        """The teacher's best network (chosen on held-out images), frozen."""
        (teacher_id,) = (entry["run"] for entry in self.settings["teachers"] if entry["method"] == method)
        teacher = Run(self.run.dataset, method, self.run.seed, self.run.label_noise, self.run.architecture)
        path = self.folder.parent / teacher_id / "best_validation.pt"
        return load_network(path, teacher, self.scale, self.splits).requires_grad_(False)

    def fit(self, stop: StopRequest) -> None:
        """Train to the last epoch, going on from the saved state where there is one, and write the run's records.

        Raises Interrupted within a step of `stop`; what is lost is the epoch under way.
        """
        self._resume()
        for epoch in range(len(self.history) + 1, self.recipe.epochs + 1):
            started = time.perf_counter()
            trained = self._train_epoch(epoch, stop)
            self.history.append({"epoch": epoch} | trained | self._evaluate(epoch))
            self._keep_checkpoints(epoch)
            self.seconds.append(time.perf_counter() - started)
            self._save_state()
            print(_progress(self.run.id, self.history[-1], self.recipe.epochs), flush=True)
        self._write_records()

    def _train_epoch(self, epoch: int, stop: StopRequest) -> dict[str, float]:
        rate = learning_rate(epoch, self.recipe.epochs, self.recipe.learning_rate)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        totals = torch.zeros(3, dtype=torch.float64)  # loss x images, correct images, gradient norm
        steps = 0
        self.model.train()
        for step, (x, y, index) in enumerate(self._batches(), start=1):
            if stop.received:
                raise Interrupted(f"run {self.run.id}: stopped in epoch {epoch}; {epoch - 1} epochs are saved")
            result = self.objective.loss(self.model, x, y, index, epoch)
            if not math.isfinite(result.loss.item()):
                raise UsageError(f"run {self.run.id}: the loss is {result.loss.item()} at epoch {epoch}, step {step}")
            self.optimizer.zero_grad()
            result.loss.backward()
            norm = _gradient_norm(self.model)
            self.optimizer.step()
            self.objective.after_step(self.model)
            if self.average:
                self.average.after_step(self.model)
            correct = (result.logits.argmax(1) == y).sum()
            totals += torch.stack([result.loss.detach() * len(y), correct, norm]).double()
            steps = step
        if self.average:
            self.average.after_epoch(self.model, epoch, (x for x, _, _ in self._batches()))
        count = len(self.splits.train)
        return {
            "learning_rate": rate,
            "train_loss": totals[0].item() / count,
            "train_accuracy": totals[1].item() / count,
            "gradient_norm": totals[2].item() / steps,
        }

    def _batches(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """The training images in a fresh order; a last batch of one image is left out (BatchNorm needs two)."""
        order = torch.randperm(len(self.splits.train), generator=self.generator)
        for index in order.split(self.recipe.batch_size):
            if len(index) > 1:
                x = self.splits.train.pixels(index)
                if self.scale.data[self.run.dataset].augment:
                    x = augment(x, self.generator)
                yield x, self.splits.train.labels[index], index

    def _evaluate(self, epoch: int) -> dict[str, float]:
        network = fold_batchnorm(self._evaluated_network(epoch))
        test = self.splits.test
        row = {"test_natural_accuracy": self._natural(network, test)}
        row["test_robust_accuracy"] = self._robust(network, test)
        row["validation_natural_accuracy"] = self._natural(network, self.splits.validation)
        row["validation_robust_accuracy"] = self._robust(network, self.splits.validation)
        return row

    def _natural(self, network: nn.Module, images: ImageSet) -> float:
        return correct_natural(network, images, self.scale.measurement.batch_size).double().mean().item()

    def _robust(self, network: nn.Module, images: ImageSet) -> float:
        """PGD accuracy on the first images; the same start of the attack every epoch. NaN for standard training."""
        if not self.adversarial:
            return math.nan
        few = images.first(self.scale.measurement.num_curve)
        attack = self.scale.attack
        correct = correct_under_pgd(
            network,
            few,
            ball=self.ball,
            step_size=attack.step_size,
            num_steps=attack.curve_steps,
            seed=0,
            batch_size=self.scale.measurement.batch_size,
        )
        return correct.double().mean().item()

    def _keep_checkpoints(self, epoch: int) -> None:
        """Keep the best network by the test set (as the paper), the best by held-out images, and the last one."""
        metric = "robust_accuracy" if self.adversarial else "natural_accuracy"
        for name, split in (("best", "test"), ("best_validation", "validation")):
            values = [row[f"{split}_{metric}"] for row in self.history]
            if values[-1] > max(values[:-1], default=-1.0):
                self.kept[name] = self._save_weights(f"{name}.pt", epoch)
        every = self.settings["trajectory_every"]
        if every and (epoch == 1 or epoch % every == 0):
            self.kept["trajectory"].append(self._save_weights(f"trajectory/{epoch:04d}.pt", epoch))
        if epoch == self.recipe.epochs:
            self.kept["final"] = self._save_weights("final.pt", epoch)

    def _save_weights(self, name: str, epoch: int) -> dict[str, Any]:
        payload = {"run": self.run.id, "epoch": epoch, "weights": self._evaluated_network(epoch).state_dict()}
        return {"epoch": epoch, "sha256": save_payload(self.folder / name, payload)}

    def _evaluated_network(self, epoch: int) -> nn.Module:
        """The average of weights where the method keeps one and it has begun, else the network itself."""
        return self.average.network if self.average and self.average.active(epoch) else self.model

    def _save_state(self) -> None:
        state = {
            "fingerprint": self.fingerprint,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "objective": self.objective.state_dict(),
            "average": self.average.state_dict() if self.average else {},
            "generator": self.generator.get_state(),
            "history": self.history,
            "kept": self.kept,
            "seconds": self.seconds,
        }
        save_payload(self.folder / "state.pt", state)

    def _resume(self) -> None:
        state = load_state(self.folder / "state.pt", self.fingerprint)
        if state is None or self._lost_checkpoint(state["kept"]):
            return
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.objective.load_state_dict(state["objective"])
        if self.average:
            self.average.load_state_dict(state["average"])
        self.generator.set_state(state["generator"])
        self.history, self.kept, self.seconds = state["history"], state["kept"], state["seconds"]

    def _lost_checkpoint(self, kept: dict[str, Any]) -> bool:
        """Whether a checkpoint that the state counts on is gone; then training starts from the first epoch."""
        names = [f"{name}.pt" for name in ("best", "best_validation", "final") if kept.get(name)]
        names += [f"trajectory/{entry['epoch']:04d}.pt" for entry in kept["trajectory"]]
        lost = [name for name in names if not (self.folder / name).exists()]
        if lost:
            print(f"{self.folder / lost[0]}: no such file; starting from the first epoch", flush=True)
        return bool(lost)

    def _write_records(self) -> None:
        write_csv(self.folder / "history.csv", self.history)
        write_csv(self.folder / "labels.csv", self._example_labels())
        untouched = 1 - self.splits.corrupted.double().mean().item()
        manifest = {
            "run": self.run.id,
            "scale": self.scale.name,
            "run_settings": self.settings,
            **{name: self.kept[name] for name in ("best", "best_validation", "final", "trajectory")},
            "untouched_portion": untouched,
            "seconds": sum(self.seconds),
            "seconds_per_epoch": self.seconds,
            "origin": origin("cpu"),
        }
        write_json(self.folder / "manifest.json", manifest)

    def _example_labels(self) -> list[dict[str, Any]]:
        """The targets of the first training example of each class."""
        truth = self.splits.true_labels
        first = torch.stack([(truth == label).nonzero()[0, 0] for label in range(self.splits.num_classes)])
        rows = self.objective.targets(first)
        return [
            {"class_index": label, "target_class": target, "probability": value}
            for label, row in enumerate(rows.tolist())
            for target, value in enumerate(row)
        ]


def _gradient_norm(model: nn.Module) -> Tensor:
    """The l2 norm of all parameters' gradients, before weight decay and momentum."""
    return torch.stack([p.grad.norm() for p in model.parameters() if p.grad is not None]).norm()


def _progress(run_id: str, row: dict[str, Any], epochs: int) -> str:
    return (
        f"{run_id} epoch {row['epoch']}/{epochs} loss {row['train_loss']:.3f} train {row['train_accuracy']:.3f} "
        f"test {row['test_natural_accuracy']:.3f} robust {row['test_robust_accuracy']:.3f}"
    )
