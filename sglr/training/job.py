"""One training from its first epoch, or from where it was stopped, to its records."""

import time
from collections.abc import Callable, Sequence
from contextlib import closing, nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from sglr.data import load_splits
from sglr.data.batches import Batches
from sglr.engine import parallel
from sglr.engine.device import accelerator, device_name
from sglr.evaluation.curve import Curve
from sglr.files.disk import remove
from sglr.files.errors import Interrupted, UsageError
from sglr.files.origin import differences, origin
from sglr.files.records import settings_digest, write_csv
from sglr.methods.schedules import learning_rate
from sglr.models.layout import memory_format
from sglr.models.networks import shape_of
from sglr.plan.runs import Run
from sglr.plan.scales import Engine, Scale
from sglr.training import divergence, state
from sglr.training.build import build_recipe, optimisation, taught_by
from sglr.training.labels import labels_now
from sglr.training.progress import Progress
from sglr.training.recipe import means
from sglr.training.records import write_records
from sglr.training.saving import Saver
from sglr.training.signals import StopRequest

Row = dict[str, Any]


class Job:
    """Trains epoch by epoch, evaluates and saves after each, and writes the records at the end."""

    def __init__(
        self,
        run: Run,
        scale: Scale,
        folder: Path,
        settings: dict[str, Any],
        device: torch.device,
        engine: Engine,
    ):
        self.run, self.scale, self.folder, self.settings = run, scale, folder, settings
        self.device, self.engine = device, engine
        self.how = optimisation(run, scale)
        data = scale.data[run.dataset]
        self.splits = load_splits(data, label_noise=run.label_noise, seed=run.seed).to(
            device
        )
        self.images = {
            "train": self.splits.train.digest(),
            "test": self.splits.test.digest(),
        }
        self.taught_by = taught_by(run, scale, folder.parent)
        self.fingerprint = settings_digest(self._decides())
        self.generator = torch.Generator(device).manual_seed(1000 + run.seed)
        self.recipe = build_recipe(
            run, scale, self.splits, folder, self.generator, engine
        )
        self.batches = Batches(
            self.splits.train,
            self.how.batch_size,
            self.generator,
            augmented=data.augment,
            memory_format=memory_format(self.recipe.model, engine.channels_last),
        )
        self.adversarial = self.recipe.objective.settings.adversarial
        attack = scale.attack if self.adversarial else None
        measured = self.splits, attack, scale.measurement, engine
        self.curve = Curve(self.recipe.model, *measured)
        # Other jobs share processors.
        self.clock = time.process_time if device.type == "cpu" else time.perf_counter
        self.origin = origin(device_name(device), accelerator())
        self.state = state.State()
        names = {"run": run.id, "shape": shape_of(run, scale, self.splits)}
        self.saver = Saver(folder, device, names)

    def _decides(self) -> dict[str, Any]:
        """All that decides what is trained."""
        # Replaying a graph changes no result, and a CPU cannot.
        computing = asdict(replace(self.engine, graphs=False))
        decides = self.settings | {"images": self.images, "engine": computing}
        # What a teacher's training ends with, settings alone do not say.
        return decides | ({"taught_by": self.taught_by} if self.taught_by else {})

    def fit(
        self,
        stop: StopRequest,
        watchers: Sequence[Callable[[Row], None]] = (),
        *,
        strict: bool = False,
    ) -> None:
        """Train to the last epoch, going on from the saved state where there is one, and write the run's records.

        Each of `watchers` is called with each row of the history: with those of before at once, then epoch by epoch.
        Raises Interrupted within a step of `stop`, with everything up to there saved; UsageError where `strict` and the
        state is of other code, versions or another device.
        """
        self.state = state.resume(
            self.folder, self.fingerprint, self.recipe, self.generator
        )
        divergence.refuse_a_third(self.folder, self.fingerprint, self.origin)
        parallel.barrier()  # until every process has read the state
        done = len(self.state.history)
        if done < self.how.epochs:
            self._begin_stretch(done + 1, strict)
            self._unfinish()
        for watch in watchers:
            for row in self.state.history:
                watch(row)
        with (
            closing(self.saver),
            closing(Progress(self.run.id, self.how.epochs, done)) as progress,
        ):
            for epoch in range(done + 1, self.how.epochs + 1):
                self._epoch_or_stop(epoch, stop)
                for watch in (progress.epoch, *watchers):
                    watch(self.state.history[-1])
        if parallel.is_first():
            network = self.recipe.evaluated(self.how.epochs)
            write_records(self, self.curve.num_predicted(network))

    def _begin_stretch(self, epoch: int, strict: bool) -> None:
        """Note who trains from here on, where that is another than before."""
        now = self.origin
        before = self.state.stretches[-1]["origin"] if self.state.stretches else {}
        changed = differences(before, now)
        if changed and strict:
            raise UsageError(
                f"run {self.run.id}: begun elsewhere, and --strict: {'; '.join(changed)}"
            )
        if changed:
            print(f"{self.run.id} goes on with other {'; '.join(changed)}", flush=True)
        if changed or not before:
            self.state.stretches.append({"from_epoch": epoch, "origin": now})

    def _unfinish(self) -> None:
        """Take away what says that the training is at its end: that was an earlier one, whose files are overwritten."""
        if parallel.is_first():
            for name in ("manifest.json", "train.sha256"):
                remove(self.folder / name)

    def _epoch_or_stop(self, epoch: int, stop: StopRequest) -> None:
        try:
            self._epoch(epoch, stop)
        except Interrupted as stopped:
            self._save()
            where = f"in epoch {epoch}; {epoch - 1} epochs are saved, and the steps of this one"
            raise Interrupted(
                f"run {self.run.id}: {stopped} {where}", stopped.status
            ) from None

    def _epoch(self, epoch: int, stop: StopRequest) -> None:
        now = self.state.underway = self.state.underway or state.EpochUnderway(
            self.batches.order()
        )
        started = self.clock() - now.seconds
        try:
            trained = self._train_epoch(epoch, stop, now)
        finally:
            now.seconds = self.clock() - started
        with (
            stop.raising() if parallel.world_size() == 1 else nullcontext()
        ):  # an evaluation changes nothing
            measured = self.curve.measure(self.recipe.evaluated(epoch))
        self.state.training_seconds.append(now.seconds)
        self.state.history.append({"epoch": epoch} | trained | measured)
        self.state.labels.append(
            labels_now(self.recipe.objective, self.splits.true_labels, epoch)
        )
        self._keep_checkpoints(epoch)
        self.state.underway = None
        self.state.seconds.append(self.clock() - started)
        self._save()

    def _train_epoch(
        self, epoch: int, stop: StopRequest, now: state.EpochUnderway
    ) -> Row:
        rate = learning_rate(epoch, self.how.epochs, self.how.learning_rate)
        self.recipe.begin_epoch(rate)
        stop.check(parallel.any_process)
        for x, index in self.batches.following(
            now.order[len(now.steps) * self.how.batch_size :]
        ):
            now.steps.append(self.recipe.step(x, index, epoch))
            stop.check(parallel.any_process)
        if not now.averaged:
            self.recipe.end_epoch(epoch, self.batches)
            now.averaged = True
        steps = torch.stack(now.steps).cpu()
        divergence.check(self, steps[:, 0], epoch, rate)
        return {"learning_rate": rate} | means(steps)

    def trial(self, batch_size: int) -> None:
        """Take one step with the first `batch_size` images of a batch; the training is spoilt by it."""
        x, index = next(self.batches.following(self.batches.order()))
        self.recipe.step(x[:batch_size], index[:batch_size], self.how.epochs)

    def _keep_checkpoints(self, epoch: int) -> None:
        """Keep the best network by the test set (as the paper), the best by held-out images, and the last one."""
        metric = "robust_accuracy" if self.adversarial else "natural_accuracy"
        eligible = [
            row for row in self.state.history if self.recipe.eligible(row["epoch"])
        ]
        for name, split in (("best", "test"), ("best_validation", "validation")):
            *before, last = [-1.0] + [row[f"{split}_{metric}"] for row in eligible]
            if self.recipe.eligible(epoch) and last > max(before):
                self.state.checkpoints[name] = self._keep(name, epoch)
        every = self.settings["trajectory_every"]
        if every and (epoch == 1 or epoch % every == 0):
            kept = self.state.checkpoints["trajectory"]
            entry = self._keep(f"trajectory/{epoch:04d}", epoch)
            self.state.checkpoints["trajectory"] = [*kept, entry]
        if epoch == self.how.epochs:
            self.state.checkpoints["final"] = self._keep("final", epoch)

    def _keep(self, name: str, epoch: int) -> Row:
        network = self.recipe.evaluated(epoch)
        return self.saver.keep(f"{name}.safetensors", network, epoch)

    def _save(self) -> None:
        """Save the state, and the history for whoever watches it grow."""
        self.saver.save(
            state.payload(self.fingerprint, self.state, self.recipe, self.generator)
        )
        if parallel.is_first() and self.state.history:
            write_csv(self.folder / "history.csv", self.state.history)
