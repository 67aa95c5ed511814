"""Every shortcut against the plain fp32 path, and the device that is not there."""

import weakref
from dataclasses import replace
from functools import partial

import pytest
import torch
from tools import one_line, sglr

from sglr.attacks.adversary import Adversary
from sglr.attacks.threat import LinfBall
from sglr.engine import device
from sglr.engine.memory import advising_batch_size
from sglr.evaluation.accuracy import correct_under_pgd, predictions
from sglr.evaluation.curve import Curve
from sglr.files.errors import UsageError
from sglr.methods.losses import cross_entropy
from sglr.models import build
from sglr.models.folding import fold_batchnorm, refold
from sglr.plan.plan_files import load_plan
from sglr.plan.scales import PLAIN, Engine
from sglr.training.job import Job
from sglr.training.signals import StopRequest

CPU = torch.device("cpu")
FOLDED = replace(PLAIN, fold=True)
FAST = Engine(precision="bf16", fold=True, channels_last=True, graphs=False)


def input_gradient(network, x, y):
    x = x.clone().requires_grad_(True)
    return torch.autograd.grad(cross_entropy(network(x), y).sum(), x)[0]


@pytest.mark.parametrize("engine", (PLAIN, FOLDED, FAST))
def test_the_attacked_copy_has_the_networks_gradient(network, splits, engine):
    few = splits.test.first(100)
    copy = fold_batchnorm(network, fold=engine.fold, precision=engine.precision)
    exact = input_gradient(network, few.pixels(), few.labels).flatten(1)
    cosine = torch.cosine_similarity(
        exact, input_gradient(copy, few.pixels(), few.labels).flatten(1)
    )
    assert cosine.min() > (0.9 if engine is FAST else 0.99999)
    assert (engine is FAST) == (cosine.min() < 0.999999)


@pytest.mark.parametrize("engine", (PLAIN, FOLDED, FAST))
def test_the_copy_follows_the_network_and_gives_fp32_logits(network, splits, engine):
    x = splits.test.first(50).pixels()
    other = build("small_resnet", 10, 1, 8, 1).eval()
    copy = fold_batchnorm(other, fold=engine.fold, precision=engine.precision)
    refold(copy, network)
    assert copy(x).dtype == torch.float32
    assert (copy(x) - network(x)).abs().max() < (
        0.1 if engine is FAST else 1e-4
    ) * network(x).abs().max()


@pytest.mark.parametrize("engine", (FOLDED, FAST))
def test_attacks_of_every_engine_are_as_strong(network, splits, engine):
    few = splits.test.first(300)
    accuracies = []
    for how in (PLAIN, engine):
        adversary = Adversary(
            network, LinfBall(0.15), 0.0375, 7, torch.Generator().manual_seed(0), how
        )
        x_adv = adversary.attack(
            network, few.pixels(), lambda logits: cross_entropy(logits, few.labels)
        )
        accuracies.append(
            (predictions(network, x_adv, 300) == few.labels).double().mean().item()
        )
    assert accuracies[0] < 0.9 and abs(accuracies[0] - accuracies[1]) < 0.02


def trained(tmp_path, how, method="sglr"):
    plan = load_plan("smoke")
    run = plan.runs[f"digits-{method}-s0"]
    job = Job(
        run,
        plan.scale,
        tmp_path / str(how.precision + str(how.fold)),
        plan.settings_of(run),
        CPU,
        how,
    )
    job.fit(StopRequest())
    return job


def test_trainings_of_every_engine_agree_and_keep_fp32_weights(tmp_path):
    plain, folded, fast = (trained(tmp_path, how) for how in (PLAIN, FOLDED, FAST))
    losses = [job.state.history[0]["train_loss"] for job in (plain, folded, fast)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-3) and losses[
        2
    ] == pytest.approx(losses[0], rel=2e-2)
    assert losses[2] != losses[0]
    for tensor in [
        *fast.recipe.model.parameters(),
        *fast.recipe.optimizer.velocities,
    ]:
        assert tensor.dtype == torch.float32


def test_training_multiplies_in_bf16_and_copies_for_evaluation_do_not(tmp_path, splits):
    x = splits.test.first(50).pixels()
    plain, fast = (trained(tmp_path, how).recipe.model.eval() for how in (PLAIN, FAST))
    for model, differs in ((plain, False), (fast, True)):
        with torch.no_grad():
            exact, used = model.classifier(model.features(x)), model(x)
        assert used.dtype == torch.float32
        assert ((exact - used).abs().max() > 1e-4) == differs
        assert (exact - fold_batchnorm(model, fold=False)(x)).abs().max() < 1e-5


def test_a_search_on_a_copy_is_judged_by_the_network_itself(network, splits):
    few, pgd = (
        splits.test.first(100),
        {"step_size": 0.03, "num_steps": 3, "batch_size": 100},
    )
    ball = LinfBall(0.15)
    start = ball.random_start(few.pixels(), torch.Generator().manual_seed(0))

    def blind(x):
        return x.flatten(1)[:, :10] * 0

    found = correct_under_pgd(network, few, ball=ball, attacked=blind, **pgd)
    assert torch.equal(found, predictions(network, start, 100) == few.labels)


def test_a_curve_in_bf16_is_near_the_exact_one(network, splits):
    scale = load_plan("digits").scale
    exact, fast = (
        Curve(network, splits, scale.attack, scale.measurement, how).measure(network)
        for how in (PLAIN, FAST)
    )
    assert exact["test_natural_accuracy"] == fast["test_natural_accuracy"]
    assert exact["test_robust_accuracy"] == pytest.approx(
        fast["test_robust_accuracy"], abs=0.03
    )


def test_a_curve_attacks_a_copy_as_the_engine_says(network, splits, monkeypatch):
    made = []
    monkeypatch.setattr(
        "sglr.evaluation.curve.fold_batchnorm",
        lambda model, **how: made.append(how) or fold_batchnorm(model, **how),
    )
    scale = load_plan("smoke").scale
    for how in (PLAIN, FOLDED, FAST, replace(PLAIN, precision="bf16")):
        Curve(network, splits, scale.attack, scale.measurement, how).measure(network)
    plain, folded = (
        {"fold": False, "channels_last": False},
        {"fold": True, "channels_last": False},
    )
    fast, bf16 = {"fold": True, "channels_last": True}, {"precision": "bf16"}
    assert made == [plain, folded, fast, fast | bf16, plain, plain | bf16]


def test_without_bf16_arithmetic_the_engine_falls_back_and_says_so(monkeypatch, capsys):
    monkeypatch.setenv("SGLR_DEVICE", "cpu")
    monkeypatch.setattr(device, "has_bf16", lambda _: False)
    assert device.prepare(replace(FAST, graphs=True), threads=1) == (
        CPU,
        replace(FAST, precision="fp32"),
    )
    assert "no bf16" in capsys.readouterr().out


def test_the_attacked_copy_lies_in_memory_as_the_engine_says(network):
    for how in (PLAIN, FOLDED, replace(PLAIN, channels_last=True)):
        attacked = Adversary(
            network, LinfBall(0.1), 0.1, 1, torch.Generator(), how
        ).copy
        kernels = [
            p
            for p in attacked.parameters()
            if p.ndim == 4 and p.shape[1] > 1 and p.shape[2] > 1
        ]
        layout = torch.channels_last if how.channels_last else torch.contiguous_format
        assert kernels and all(
            kernel.is_contiguous(memory_format=layout) for kernel in kernels
        )


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_cuda_graphs_attack_is_the_plain_one(network, splits):
    device, found = torch.device("cuda"), []
    few, model = (
        splits.test.first(64).to(device),
        build("small_resnet", 10, 1, 8, 0).to(device),
    )
    model.load_state_dict(network.state_dict())
    for how in (FOLDED, replace(FOLDED, graphs=True)):
        adversary = Adversary(
            model,
            LinfBall(0.15),
            0.0375,
            5,
            torch.Generator(device).manual_seed(0),
            how,
        )
        found.append(
            adversary.attack(
                model, few.pixels(), lambda logits: cross_entropy(logits, few.labels)
            )
        )
    assert (found[0] - found[1]).abs().mean() < 1e-3


def test_memory_that_runs_out_is_one_line_with_the_batch_size_that_fits():
    tried = []

    def trial(batch_size):
        tried.append(batch_size)
        if batch_size > limit:
            raise torch.OutOfMemoryError("CUDA out of memory")

    for limit, words in (
        (20, "batch_size 16 would fit"),
        (1, "no batch_size would fit"),
    ):
        tried.clear()
        with pytest.raises(
            UsageError, match=f"out of memory with batch_size 128; {words}"
        ):
            advising_batch_size(partial(trial, 128), trial, 128)
        assert tried == [128, 64, 32, 16, 8, 4, 2][: 4 if limit == 20 else 7]


class Held:
    """Stands where a step's tensors stand."""


@pytest.mark.parametrize("how", ("in the step", "as a capture ends"))
def test_the_advice_is_measured_with_the_failed_steps_memory_given_back(how):
    alive = []

    def step(batch_size):
        if alive:
            assert alive[0]() is None, "the failed step still holds its tensors"
            return
        held = Held()
        alive.append(weakref.ref(held))
        try:
            raise torch.OutOfMemoryError("CUDA out of memory")
        except RuntimeError:
            if how == "in the step":
                raise
            raise RuntimeError("an error of the capture") from held_by(held)

    with pytest.raises(UsageError, match="batch_size 64 would fit"):
        advising_batch_size(partial(step, 128), step, 128)


def held_by(held):
    """No cause: it only keeps `held` in the frame until here."""
    return


def test_an_error_that_is_not_of_memory_stays_what_it_is():
    with pytest.raises(RuntimeError, match="another"):
        advising_batch_size(partial(fail, "another"), print, 128)


def fail(message):
    raise RuntimeError(message)


def test_a_trial_takes_one_step_of_that_many_images(tmp_path, monkeypatch):
    plan = load_plan("smoke")
    run = plan.runs["digits-at-s0"]
    job = Job(run, plan.scale, tmp_path, plan.settings_of(run), CPU, PLAIN)
    seen = []
    monkeypatch.setattr(
        job.recipe, "step", lambda x, index, epoch: seen.append((len(x), len(index)))
    )
    job.trial(5)
    assert seen == [(5, 5)]


@pytest.mark.parametrize("name", ("cuda:99", "meta", "nonsense"))
def test_a_device_that_cannot_be_used_is_one_line(tmp_path, name):
    assert one_line(
        sglr(tmp_path, "train", "digits-at-s0", SGLR_DEVICE=name),
        f"SGLR_DEVICE is {name!r}",
    )
