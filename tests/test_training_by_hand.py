"""A training against a loop written out by hand, the checkpoints that it keeps, and averages that leave it alone."""

import json
from pathlib import Path

import pandas as pd
import pytest
import torch
from torch.nn import functional as F

from sglr.data import load_splits
from sglr.engine.weights import load_weights
from sglr.evaluation.curve import Curve
from sglr.models.networks import build_network
from sglr.plan.plan_files import load_plan
from sglr.plan.scales import PLAIN
from sglr.training.job import Job
from sglr.training.signals import StopRequest

SCALE = load_plan("smoke").scale
# A tenth from half of training on, a hundredth from three quarters: of four epochs, and of five.
RATES = {"at": (0.1, 0.01, 0.001, 0.001), "standard": (0.1, 0.1, 0.01, 0.001, 0.001)}
BATCH = {"at": 50, "standard": 40}


def fit(folder: Path, run_id: str) -> Job:
    plan = load_plan("smoke")
    run = plan.runs[run_id]
    training = Job(
        run, SCALE, folder, plan.settings_of(run), torch.device("cpu"), PLAIN
    )
    with StopRequest().listen() as stop:
        training.fit(stop)
    return training


def attacked(model, x, y, generator):
    """PGD-6 as the field writes it: eval mode, gradients into the weights and all."""
    model.eval()
    adversarial = (x + 0.15 * (2 * torch.rand(x.shape, generator=generator) - 1)).clamp(
        0, 1
    )
    for _ in range(6):
        adversarial = adversarial.detach().requires_grad_()
        F.cross_entropy(model(adversarial), y).backward()
        moved = adversarial + 0.0375 * adversarial.grad.sign()
        adversarial = (x + (moved - x).clamp(-0.15, 0.15)).clamp(0, 1)
    model.train()
    return adversarial.detach()


def by_hand(method: str):
    """The last weights and every epoch's mean loss."""
    run = load_plan("smoke").runs[f"digits-{method}-s0"]
    splits = load_splits(SCALE.data[run.dataset], label_noise=0.0, seed=run.seed)
    images, labels = splits.train.images / splits.train.levels, splits.train.labels
    model, generator = (
        build_network(run, SCALE, splits).train(),
        torch.Generator().manual_seed(1000 + run.seed),
    )
    optimizer = torch.optim.SGD(
        model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4
    )
    losses = []
    for rate in RATES[method]:
        optimizer.param_groups[0]["lr"] = rate
        total = 0.0
        for batch in torch.randperm(60, generator=generator).split(BATCH[method]):
            x, y = images[batch], labels[batch]
            if method == "at":
                x = attacked(model, x, y, generator)
            loss = F.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch) / 60
        losses.append(total)
    return model.state_dict(), losses


@pytest.mark.parametrize("method", ("standard", "at"))
def test_it_ends_where_the_loop_by_hand_ends(tmp_path, method):
    training = fit(tmp_path, f"digits-{method}-s0")
    weights, losses = by_hand(method)
    assert [row["train_loss"] for row in training.state.history] == pytest.approx(
        losses, rel=1e-5
    )
    assert [row["learning_rate"] for row in training.state.history] == pytest.approx(
        RATES[method]
    )
    final = load_weights(tmp_path / "final.safetensors")["weights"]
    for name, value in weights.items():
        torch.testing.assert_close(final[name], value, rtol=1e-4, atol=1e-6)


def measure_as(monkeypatch, points: list[tuple[float, float]]) -> None:
    """Let each epoch's robust accuracy be these, of test and of held-out images."""
    left = iter(points)

    def measure(self, network):
        test, validation = next(left)
        natural = {"test_natural_accuracy": 0.0, "validation_natural_accuracy": 0.0}
        return natural | {
            "test_robust_accuracy": test,
            "validation_robust_accuracy": validation,
        }

    monkeypatch.setattr(Curve, "measure", measure)


def test_best_is_chosen_by_test_images_and_best_validation_by_held_out_ones(
    tmp_path, monkeypatch
):
    measure_as(monkeypatch, [(0.1, 0.2), (0.4, 0.3), (0.3, 0.5), (0.4, 0.1)])
    training = fit(tmp_path, "digits-at-s0")
    epochs = {
        name: training.state.checkpoints[name]["epoch"]
        for name in ("best", "best_validation", "final")
    }
    # The first of equals.
    assert epochs == {
        "best": 2,
        "best_validation": 3,
        "final": 4,
    }
    assert {
        name: load_weights(tmp_path / f"{name}.safetensors")["epoch"] for name in epochs
    } == epochs


def test_the_best_of_kd_swa_is_an_average(tmp_path, monkeypatch):
    """The average begins in the third epoch of four: what comes before is not what the method yields."""
    for teacher in ("standard", "at"):
        fit(tmp_path / f"digits-{teacher}-s0", f"digits-{teacher}-s0")
    measure_as(monkeypatch, [(0.9, 0.9), (0.8, 0.8), (0.2, 0.4), (0.3, 0.1)])
    checkpoints = fit(
        tmp_path / "digits-kd_swa-s0", "digits-kd_swa-s0"
    ).state.checkpoints
    assert (checkpoints["best"]["epoch"], checkpoints["best_validation"]["epoch"]) == (
        4,
        3,
    )


def test_what_kd_at_fitted_is_on_record(tmp_path):
    fit(tmp_path / "digits-at-s0", "digits-at-s0")
    objective = fit(tmp_path / "digits-kd_at-s0", "digits-kd_at-s0").recipe.objective
    fitted = json.loads((tmp_path / "digits-kd_at-s0/manifest.json").read_text())[
        "fitted"
    ]
    assert fitted == {
        "temperature": objective.temperature,
        "mixture": objective.mixture,
    }
    assert (
        json.loads((tmp_path / "digits-at-s0/manifest.json").read_text())["fitted"]
        == {}
    )


@pytest.mark.parametrize("averaged, plain", (("at_wa", "at"), ("at_ls_wa", "ls")))
def test_an_average_of_weights_leaves_the_training_alone(tmp_path, averaged, plain):
    path = ["train_loss", "train_accuracy", "gradient_norm"]
    first, second = (
        pd.DataFrame(fit(tmp_path / method, f"digits-{method}-s0").state.history)[path]
        for method in (averaged, plain)
    )
    pd.testing.assert_frame_equal(first, second, check_exact=True)
