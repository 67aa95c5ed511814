"""One training: attack, targets, loss, step; an evaluation and a saved state after every epoch."""

import time
from collections.abc import Iterator
from contextlib import closing, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import get_total_norm

from sglr.attacks.adversary import Adversary
from sglr.attacks.threat import LinfBall
from sglr.data import load_splits
from sglr.data.augment import augment
from sglr.engine.checkpoints import save_payload
from sglr.engine.device import device_name, parallel
from sglr.evaluation.curve import Curve
from sglr.files.errors import Interrupted, UsageError
from sglr.files.records import origin, read_json, settings_digest, write_csv, write_json
from sglr.methods import Objective, Setup, build_objective
from sglr.models.averaging import WeightAverage, build_average
from sglr.models.networks import build_network, load_network
from sglr.plan.methods import METHODS
from sglr.plan.runs import Run
from sglr.plan.scales import Engine, Optimisation, Scale
from sglr.plan.schedules import learning_rate
from sglr.training.progress import Progress
from sglr.training.resume import Underway, resume, save_state
from sglr.training.signals import StopRequest


class Training:
    """A training and all of its state."""

    def __init__(
        self, run: Run, scale: Scale, folder: Path, settings: dict[str, Any], device: torch.device, engine: Engine
    ):
        self.run, self.scale, self.folder, self.device, self.engine = run, scale, folder, device, engine
        self.settings = settings
        self.adversarial = METHODS[run.method].adversarial
        self.recipe: Optimisation = scale.adversarial if self.adversarial else scale.standard
        self.splits = load_splits(scale.data[run.dataset], label_noise=run.label_noise, seed=run.seed).to(device)
        self.images = {"train": self.splits.train.digest(), "test": self.splits.test.digest()}
        self.fingerprint = settings_digest(settings | {"images": self.images, "engine": asdict(engine)})
        self.generator = torch.Generator(device).manual_seed(1000 + run.seed)
        self.format = torch.channels_last if engine.channels_last else torch.contiguous_format
        self.model = self._for_training(build_network(run, scale, self.splits))
        self.optimizer = torch.optim.SGD(
            self.model.parameters(),
            lr=self.recipe.learning_rate,
            momentum=self.recipe.momentum,
            weight_decay=self.recipe.weight_decay,
            fused=True,
        )
        self.objective = self._objective()
        self.average: WeightAverage | None = build_average(run.method_settings(), self.model, self.recipe.epochs)
        self.curve = Curve(self.splits, scale.attack if self.adversarial else None, scale.measurement, engine)
        self.history: list[dict[str, Any]] = []
        self.kept: dict[str, Any] = {"best": {}, "best_validation": {}, "trajectory": []}
        self.underway: Underway | None = None
        self.clock = time.process_time if device.type == "cpu" else time.perf_counter  # other jobs share processors
        self.seconds: list[float] = []  # of each epoch, evaluation included
        self.training_seconds: list[float] = []  # of each epoch, without

    def _for_training(self, network: nn.Module) -> nn.Module:
        """The network with the engine's memory format and precision of multiplication."""
        network.autocast = self.engine.precision == "bf16"  # type: ignore[assignment]
        return network.to(memory_format=self.format)

    def _objective(self) -> Objective:
        attack, ball = self.scale.attack, LinfBall(self.scale.attack.epsilon)
        how = (attack.step_size, attack.train_steps, self.generator, self.engine)
        setup = Setup(
            labels=self.splits.train.labels,
            num_classes=self.splits.num_classes,
            epochs=self.recipe.epochs,
            adversary=Adversary(self.model, ball, *how) if self.adversarial else None,
            teachers={name: self._teacher(name) for name in METHODS[self.run.method].teachers},
            validation=self.splits.validation,
            model=self.model,
        )
        return build_objective(self.run.method, self.run.method_settings(), setup)

    def _teacher(self, method: str) -> nn.Module:
        """The teacher's best network (chosen on held-out images), frozen."""
        (teacher_id,) = (entry["run"] for entry in self.settings["teachers"] if entry["method"] == method)
        teacher = Run(self.run.dataset, method, self.run.seed, self.run.label_noise, self.run.architecture)
        folder = self.folder.parent / teacher_id
        kept = read_json(folder / "manifest.json")["best_validation"]
        network = load_network(folder / "best_validation.pt", kept, teacher, self.scale, self.splits)
        return self._for_training(network).requires_grad_(False)

    def fit(self, stop: StopRequest) -> None:
        """Train to the last epoch, going on from the saved state where there is one, and write the run's records.

        Raises Interrupted within a step of `stop`, with everything up to there saved.
        """
        resume(self)
        parallel.wait()  # until every process has read the state
        with closing(Progress(self.run.id, self.recipe.epochs, len(self.history))) as progress:
            for epoch in range(len(self.history) + 1, self.recipe.epochs + 1):
                try:
                    self._epoch(epoch, stop)
                except Interrupted as stopped:
                    save_state(self)
                    where = f"in epoch {epoch}; {epoch - 1} epochs are saved, and the steps of this one"
                    raise Interrupted(f"run {self.run.id}: {stopped} {where}", stopped.status) from None
                progress.epoch(self.history[-1])
        if parallel.is_first():
            self._write_records()

    def _epoch(self, epoch: int, stop: StopRequest) -> None:
        now = self.underway = self.underway or Underway(self._order(), [])
        started = self.clock() - now.seconds
        try:
            trained = self._train_epoch(epoch, stop, now)
        finally:
            now.seconds = self.clock() - started
        with stop.at_once() if parallel.count() == 1 else nullcontext():  # an evaluation changes nothing
            point = self.curve.point(self._evaluated_network(epoch))
        self.training_seconds.append(now.seconds)
        self.history.append({"epoch": epoch} | trained | point)
        self._keep_checkpoints(epoch)
        self.underway = None
        self.seconds.append(self.clock() - started)
        save_state(self)

    def _train_epoch(self, epoch: int, stop: StopRequest, now: Underway) -> dict[str, float]:
        rate = learning_rate(epoch, self.recipe.epochs, self.recipe.learning_rate)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.model.train()
        stop.check(parallel.agreed)
        for x, y, index in self._batches(now.order[len(now.steps) * self.recipe.batch_size :]):
            now.steps.append(self._step(x, y, index, epoch))
            stop.check(parallel.agreed)
        if self.average and not now.averaged:
            self.average.after_epoch(self.model, epoch, self._images())
            now.averaged = True
        return {"learning_rate": rate} | self._epoch_means(torch.stack(now.steps).cpu(), epoch)

    def _step(self, x: Tensor, y: Tensor, index: Tensor, epoch: int) -> Tensor:
        """One step; return (4,) loss, images, correct images and gradient norm, still on the device."""
        result = self.objective.loss(self.model, x, y, index, epoch)
        self.optimizer.zero_grad()
        result.loss.backward()
        gradients = [p.grad for p in self.model.parameters() if p.grad is not None]
        parallel.add_up(gradients)
        norm = get_total_norm(gradients)
        self.optimizer.step()
        self.objective.after_step(self.model)
        if self.average:
            self.average.after_step(self.model)
        correct = (result.logits.argmax(1) == y).sum()
        return torch.stack([result.loss.detach(), norm.new_tensor(len(y)), correct, norm]).double()

    def trial(self, batch_size: int) -> None:
        """Take one step with the first `batch_size` images of a batch; the training is spoilt by it."""
        x, y, index = next(self._batches(self._order()))
        self._step(x[:batch_size], y[:batch_size], index[:batch_size], self.recipe.epochs)

    def _epoch_means(self, steps: Tensor, epoch: int) -> dict[str, float]:
        """Means over the images, of the gradient's norm over the steps. Raises UsageError for a loss not finite."""
        loss, images, correct, norm = steps.unbind(1)
        if not loss.isfinite().all():
            step = int((~loss.isfinite()).nonzero()[0, 0])
            raise UsageError(f"run {self.run.id}: the loss is {loss[step].item()} at epoch {epoch}, step {step + 1}")
        return {
            "train_loss": ((loss * images).sum() / images.sum()).item(),
            "train_accuracy": (correct.sum() / images.sum()).item(),
            "gradient_norm": norm.mean().item(),
        }

    def _order(self) -> Tensor:
        """The training images (num_train,) in a fresh order."""
        return torch.randperm(len(self.splits.train), generator=self.generator, device=self.device)

    def _images(self) -> Iterator[Tensor]:
        """The training images in batches. Lazy: who looks at none draws no order, and so leaves the generator alone."""
        for x, _, _ in self._batches(self._order()):
            yield x

    def _batches(self, order: Tensor) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """The training images in this order; a last batch of one image is left out (BatchNorm needs two)."""
        for index in order.split(self.recipe.batch_size):
            if len(index) > 1:
                x = self.splits.train.pixels(index)
                if self.scale.data[self.run.dataset].augment:
                    x = augment(x, self.generator)
                yield x.contiguous(memory_format=self.format), self.splits.train.labels[index], index

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

    def _write_records(self) -> None:
        write_csv(self.folder / "history.csv", self.history)
        write_csv(self.folder / "labels.csv", self._example_labels())
        manifest = {
            "run": self.run.id,
            "scale": self.scale.name,
            "run_settings": self.settings,
            **{name: self.kept[name] for name in ("best", "best_validation", "final", "trajectory")},
            "images_sha256": self.images,
            "untouched_portion": 1 - self.splits.corrupted.double().mean().item(),
            "true_portion": (self.splits.train.labels == self.splits.true_labels).double().mean().item(),
            "clock": self.clock.__name__,
            "seconds_per_epoch": self.seconds,
            "training_seconds_per_epoch": self.training_seconds,
            "engine": asdict(self.engine),
            "origin": origin(device_name(self.device)),
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
