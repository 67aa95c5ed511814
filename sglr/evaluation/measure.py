"""What is measured on the checkpoints of a finished training; each function writes one or two small text files."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sglr.attacks.images import attack_images
from sglr.attacks.threat import LinfBall
from sglr.data import load_splits
from sglr.data.images import ImageSet, Splits
from sglr.engine.device import accelerator, device_name, has_bf16
from sglr.evaluation.accuracy import correct_natural, in_batches, predictions
from sglr.evaluation.autoattack import run_autoattack
from sglr.evaluation.confidence import confidence_summary
from sglr.evaluation.gradient_norm import full_gradient_norm
from sglr.evaluation.information import information_in_weights
from sglr.files.origin import origin
from sglr.files.records import write_csv, write_json
from sglr.files.sums import write_sums
from sglr.models.folding import fold_batchnorm
from sglr.models.networks import build_network, load_network, shape_of
from sglr.plan.bound import measured_with, networks_of, read_manifest
from sglr.plan.runs import Run
from sglr.plan.scales import Scale


class Finished:
    """A finished training: its manifest, its data and its checkpoints."""

    def __init__(self, run: Run, scale: Scale, folder: Path, device: torch.device):
        self.run, self.scale, self.folder, self.device = run, scale, folder, device
        self.manifest = read_manifest(folder, run, scale)
        splits = load_splits(
            scale.data[run.dataset], label_noise=run.label_noise, seed=run.seed
        )
        self.splits: Splits = splits.to(device)
        self.ball = LinfBall(scale.attack.epsilon)

    @property
    def shape(self) -> dict[str, Any]:
        """What `build` needs to know of the networks."""
        return shape_of(self.run, self.scale, self.splits)

    def network(self, name: str) -> nn.Module:
        """The network saved as best, best_validation or final, in eval mode."""
        return self._load(f"{name}.pt", self.manifest[name])

    def network_along(self, entry: dict[str, Any]) -> nn.Module:
        """One of the networks that the manifest's trajectory names, in eval mode."""
        return self._load(f"trajectory/{entry['epoch']:04d}.pt", entry)

    def _load(self, name: str, entry: dict[str, Any]) -> nn.Module:
        return load_network(
            self.folder / name, entry, self.run, self.scale, self.splits
        )

    def adversarial(
        self, network: nn.Module, images: ImageSet, num_steps: int
    ) -> Tensor:
        """PGD images (N, C, H, W) against `network`, by the scale's attack."""
        attack, batch_size = self.scale.attack, self.scale.measurement.batch_size
        return attack_images(
            network,
            images,
            ball=self.ball,
            step_size=attack.step_size,
            num_steps=num_steps,
            batch_size=batch_size,
        )


def evaluate(finished: Finished, *, with_autoattack: bool) -> None:
    """Write evaluation.json: natural, PGD and, if asked, AutoAttack accuracy of best, best_validation and final."""
    measured: dict[str, Any] = {}
    checkpoints: dict[str, Any] = {}
    for name in ("best", "best_validation", "final"):
        entry = finished.manifest[name]
        if (
            entry["epoch"] not in measured
        ):  # two names may stand for one epoch's network
            measured[entry["epoch"]] = _accuracies(finished, name, with_autoattack)
        checkpoints[name] = entry | measured[entry["epoch"]]
    record = {
        "run": finished.run.id,
        "checkpoints": checkpoints,
        "measured_with": measured_with("evaluate", finished.scale),
        "origin": origin(device_name(finished.device), accelerator()),
    }
    write_json(finished.folder / "evaluation.json", record)
    write_sums(finished.folder, "evaluate", ["evaluation.json"])


def _accuracies(finished: Finished, name: str, with_autoattack: bool) -> dict[str, Any]:
    network = fold_batchnorm(finished.network(name))
    scale, test = finished.scale, finished.splits.test
    natural = correct_natural(network, test, scale.measurement.batch_size)
    x_adv = finished.adversarial(network, test, scale.attack.test_steps)
    robust = predictions(network, x_adv, scale.measurement.batch_size) == test.labels
    return {
        "num_images": len(test),
        "natural_accuracy": natural.double().mean().item(),
        "natural_correct": _bits(natural),
        "pgd20_accuracy": robust.double().mean().item(),
        "pgd20_correct": _bits(robust),
        "autoattack": _autoattack(finished, network) if with_autoattack else None,
    }


def _autoattack(finished: Finished, network: nn.Module) -> dict[str, Any]:
    images = finished.splits.test.first(finished.scale.measurement.num_autoattack)
    batch_size = finished.scale.measurement.batch_size
    fast = finished.scale.measurement.fast_autoattack and has_bf16(finished.device)
    searched = fold_batchnorm(network, precision="bf16") if fast else None
    result = run_autoattack(
        network,
        images,
        ball=finished.ball,
        seed=0,
        batch_size=batch_size,
        searched=searched,
    )
    return {
        "num_images": len(images),
        "accuracy": result.correct.double().mean().item(),
        "robust_after": result.robust_after,
        "correct": _bits(result.correct),
    }


def _bits(correct: Tensor) -> str:
    """Image by image, 1 where correct: runs are compared on the same images."""
    return "".join("1" if value else "0" for value in correct.tolist())


def measure_trajectory(finished: Finished) -> None:
    """Write trajectory.csv: gradient norm, information in weights and confidence at every kept epoch.

    A run that keeps none along the way has one row, of its final network.
    """
    first = build_network(finished.run, finished.scale, finished.splits)
    along = finished.manifest["trajectory"]
    rows = [
        _trajectory_row(finished, first, finished.network_along(entry), entry["epoch"])
        for entry in along
    ]
    if not rows:
        final = finished.manifest["final"]["epoch"]
        rows = [_trajectory_row(finished, first, finished.network("final"), final)]
    write_csv(finished.folder / "trajectory.csv", rows)
    _write_record(finished, "trajectory", ["trajectory.csv"])


def _trajectory_row(
    finished: Finished, first: nn.Module, network: nn.Module, epoch: int
) -> dict[str, float]:
    folded = fold_batchnorm(network)
    scale, test = finished.scale, finished.splits.test
    train = finished.splits.train.first(scale.measurement.num_gradient)
    x_train = finished.adversarial(folded, train, scale.attack.curve_steps)
    x_test = finished.adversarial(folded, test, scale.attack.test_steps)
    batches = scale.measurement.num_information_batches
    size = max(1, len(train) // batches)
    equal = train.first(size * batches)  # so that every mini-batch weighs the same
    row = {
        "epoch": epoch,
        "gradient_norm_full": full_gradient_norm(
            network, x_train, train.labels, scale.measurement.batch_size
        ),
        "information_in_weights": information_in_weights(
            network,
            first,
            x_train[: len(equal)],
            equal.labels,
            batch_size=size,
            num_train=len(finished.splits.train),
        ),
    }
    for name, x in (("natural", test.pixels()), ("adversarial", x_test)):
        logits = in_batches(folded, x, scale.measurement.batch_size)
        row |= confidence_summary(logits, test.labels, prefix=name)
    return row | {"test_pgd20_accuracy": row["adversarial_accuracy"]}


def measure_features(finished: Finished) -> None:
    """Write features.csv (t-SNE of training images, true labels) and separability.json (test images)."""
    # scikit-learn takes a second.
    from sglr.evaluation.features import (
        penultimate_features,
        separability,
        tsne,
    )

    network = finished.network("final")
    size = finished.scale.measurement.batch_size
    few = finished.splits.train.first(finished.scale.measurement.num_features)
    points = tsne(penultimate_features(network, few.pixels(), size))
    labels = finished.splits.true_labels[: len(few)]
    rows = [
        {"x": x, "y": y, "label": label}
        for (x, y), label in zip(points.tolist(), labels.tolist(), strict=True)
    ]
    write_csv(finished.folder / "features.csv", rows)
    test = finished.splits.test
    write_json(
        finished.folder / "separability.json",
        separability(penultimate_features(network, test.pixels(), size), test.labels),
    )
    _write_record(finished, "features", ["features.csv", "separability.json"])


def _write_record(finished: Finished, stage: str, names: list[str]) -> None:
    """Write `stage`.json, what was measured and by whom, and the checksums of all that the stage has written."""
    record = {
        "run": finished.run.id,
        "networks": networks_of(stage, finished.manifest),
        "measured_with": measured_with(stage, finished.scale),
        "origin": origin(device_name(finished.device), accelerator()),
    }
    write_json(finished.folder / f"{stage}.json", record)
    write_sums(finished.folder, stage, [*names, f"{stage}.json"])
