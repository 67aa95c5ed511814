"""A run's measurements, against plain loops over its saved networks (BatchNorm not folded) on the images they name."""

import shutil
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
import torch
from sklearn.metrics import silhouette_score
from tools import one_line, output, sglr
from torch.nn import functional as F

from sglr.attacks.threat import LinfBall
from sglr.data.images import ImageSet
from sglr.evaluation.finished import Finished
from sglr.evaluation.measure import (
    evaluate,
    measure_features,
    measure_trajectory,
)
from sglr.evaluation.repeatable import settled
from sglr.files.errors import UsageError
from sglr.files.records import read_json
from sglr.models.folding import fold_batchnorm
from sglr.models.networks import build_network
from sglr.plan.plan_files import load_plan
from sglr.training.job import Job
from sglr.training.signals import StopRequest

PLAN, CPU = load_plan("smoke"), torch.device("cpu")
KEPT = [1, 2, 4]  # the epochs of four that `trajectory_every: 2` keeps


def finished(folder: Path, run_id: str) -> Finished:
    run, scale = PLAN.runs[run_id], PLAN.scale
    Job(run, scale, folder, PLAN.settings_of(run), CPU, scale.engine).fit(StopRequest())
    return Finished(run, scale, folder, CPU)


@pytest.fixture(scope="module")
def robust(tmp_path_factory) -> Finished:
    """PGD-AT, measured."""
    done = finished(tmp_path_factory.mktemp("at"), "digits-at-s0")
    evaluate(done, with_autoattack=False)
    measure_trajectory(done)
    return done


def attacked(
    network: torch.nn.Module, images: ImageSet, num_steps: int
) -> torch.Tensor:
    """PGD as in the paper's Sec. 2, from the fixed start of every evaluation."""
    attack, x = PLAN.scale.attack, images.pixels()
    x_adv = LinfBall(attack.epsilon).random_start(x, torch.Generator().manual_seed(0))
    for _ in range(num_steps):
        x_adv.requires_grad_()
        (gradient,) = torch.autograd.grad(
            F.cross_entropy(network(x_adv), images.labels), x_adv
        )
        x_adv = x_adv.detach() + attack.step_size * gradient.sign()
        x_adv = torch.clamp(
            torch.clamp(x_adv, x - attack.epsilon, x + attack.epsilon), 0, 1
        )
    return x_adv


def attacked_along(network: torch.nn.Module, images: ImageSet) -> torch.Tensor:
    """The attack of the curves, on the folded network: folding turns over the sign of a gradient near zero."""
    return attacked(fold_batchnorm(network), images, PLAN.scale.attack.curve_steps)


def flat_gradient(
    network: torch.nn.Module, x: torch.Tensor, y: torch.Tensor
) -> torch.Tensor:
    gradients = torch.autograd.grad(
        F.cross_entropy(network(x), y), list(network.parameters())
    )
    return torch.cat([gradient.flatten() for gradient in gradients])


def test_every_kept_epoch_has_the_gradient_norm_and_information_of_its_own_network(
    robust,
):
    rows = pd.read_csv(robust.folder / "trajectory.csv").set_index("epoch")
    first = build_network(robust.run, robust.scale, robust.splits)
    train = robust.splits.train.first(54)  # num_gradient
    origin = torch.cat([p.detach().flatten() for p in first.parameters()])
    assert list(rows.index) == KEPT
    for epoch, kept in zip(KEPT, robust.manifest["trajectory"], strict=True):
        network = robust.network_along(kept)
        x, y = attacked_along(network, train), train.labels
        assert rows["gradient_norm_full"][epoch] == pytest.approx(
            flat_gradient(network, x, y).norm().item(), rel=1e-3
        )
        way = torch.cat([p.detach().flatten() for p in network.parameters()]) - origin
        # Eleven equal mini-batches hold 44 of the images.
        parts = zip(x[:44].split(4), y[:44].split(4), strict=True)
        squares = [
            (way @ flat_gradient(network, images, labels)) ** 2
            for images, labels in parts
        ]
        information = 60 / 11 * sum(square.item() for square in squares)
        assert rows["information_in_weights"][epoch] == pytest.approx(
            information, rel=1e-3
        )
    assert (
        rows["information_in_weights"].nunique()
        == rows["gradient_norm_full"].nunique()
        == 3
    )


def test_what_repeats_is_measured_on_networks_settled_on_the_images(robust):
    rows = pd.read_csv(robust.folder / "trajectory.csv").set_index("epoch")
    first = build_network(robust.run, robust.scale, robust.splits)
    train = robust.splits.train.first(54)
    origin = torch.cat([p.detach().flatten() for p in first.parameters()])
    for epoch, kept in zip(KEPT, robust.manifest["trajectory"], strict=True):
        network = robust.network_along(kept)
        x, y = attacked_along(network, train), train.labels
        way = torch.cat([p.detach().flatten() for p in network.parameters()]) - origin
        network = settled(network, x, batch_size=32)
        single = [flat_gradient(network, x[i : i + 1], y[i : i + 1]) for i in range(54)]
        information = 60 / 54 * sum((way @ each).item() ** 2 for each in single)
        assert rows["information_settled"][epoch] == pytest.approx(
            information, rel=1e-3
        )
        # Eight equal parts hold 48 of the images.
        norm = torch.stack(single[:48]).mean(0).norm().item()
        assert rows["gradient_norm_settled"][epoch] == pytest.approx(norm, rel=1e-3)
        for name in ("gradient_norm_settled", "information_settled"):
            assert 0 < rows[f"{name}_se"][epoch] < 2 * rows[name][epoch]


def test_accuracy_and_confidence_are_those_of_a_plain_loop(robust):
    row = pd.read_csv(robust.folder / "trajectory.csv").iloc[-1]
    record = read_json(robust.folder / "evaluation.json")["checkpoints"]["final"]
    network, test = robust.network("final"), robust.splits.test
    x_adv = attacked(network, test, PLAN.scale.attack.test_steps)
    for name, x, accuracy in (
        ("natural", test.pixels(), "natural"),
        ("adversarial", x_adv, "pgd20"),
    ):
        with torch.no_grad():
            confidence, guess = network(x).softmax(1).max(1)
        correct = guess == test.labels
        for found in (row[f"{name}_accuracy"], record[f"{accuracy}_accuracy"]):
            assert found == pytest.approx(correct.double().mean().item(), abs=1e-8)
        assert record[f"{accuracy}_correct"] == "".join(
            str(int(value)) for value in correct
        )
        assert row[f"{name}_confidence_correct"] == pytest.approx(
            confidence[correct].mean().item(), rel=1e-4
        )
        assert row[f"{name}_confidence_incorrect"] == pytest.approx(
            confidence[~correct].mean().item(), rel=1e-4
        )


@pytest.mark.parametrize(
    ("measure", "name"),
    (
        (measure_trajectory, "trajectory/0004.safetensors"),
        (partial(evaluate, with_autoattack=False), "final.safetensors"),
    ),
)
def test_a_damaged_network_is_said_before_another_is_measured(
    robust, tmp_path, capsys, measure, name
):
    folder = shutil.copytree(robust.folder, tmp_path / robust.run.id)
    (folder / name).write_bytes(b"")
    with pytest.raises(UsageError, match=f"{name}: damaged"):
        measure(Finished(robust.run, robust.scale, folder, CPU))
    assert not capsys.readouterr().out


def test_features_show_true_classes_of_training_images_and_separability_of_test_images(
    tmp_path,
):
    done = finished(tmp_path, "digits-standard-noise0.4-s0")
    measure_features(done)
    truth, given = done.splits.true_labels, done.splits.train.labels
    assert (
        pd.read_csv(tmp_path / "features.csv")["label"].tolist()
        == truth[:52].tolist()
        != given[:52].tolist()
    )
    network, test, seen = done.network("final"), done.splits.test, []
    network.classifier.register_forward_pre_hook(
        lambda module, inputs: seen.append(inputs[0])
    )
    with torch.no_grad():
        network(test.pixels())
    expected = silhouette_score(seen[0].numpy(), test.labels.numpy())
    assert read_json(tmp_path / "separability.json")["silhouette"] == pytest.approx(
        expected, rel=1e-4
    )


def test_points_that_are_one_a_class_are_refused_before_the_figure_fails_of_them(
    tmp_path,
):
    few = ("--set", "measurement.num_features=4", "--set", "adversarial.epochs=1")
    output(sglr(tmp_path, "train", "digits-at-s0", *few))
    done = sglr(tmp_path, "features", "digits-at-s0", *few)
    assert one_line(done, "4 images, one a class")
