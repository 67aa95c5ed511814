"""PGD and AutoAttack against the field's packages, on real digits; the ball; and that nothing is disturbed."""

import copy
import sys

import pytest
import torch
import torchattacks
from tools import ROOT, run

from sglr.attacks.adversary import Adversary
from sglr.attacks.pgd import pgd
from sglr.attacks.threat import LinfBall
from sglr.evaluation.accuracy import correct_under_pgd
from sglr.evaluation.autoattack import check_inside, run_autoattack
from sglr.files.errors import UsageError
from sglr.methods.losses import cross_entropy
from sglr.models import build
from sglr.models.folding import fold_batchnorm

BALL = LinfBall(0.15)


def test_pgd_equals_torchattacks(network, splits):
    x, y = splits.test.pixels()[:100], splits.test.labels[:100]
    ours = pgd(
        network,
        x,
        lambda z: cross_entropy(z, y),
        ball=BALL,
        step_size=0.04,
        num_steps=7,
        start=x,
    )
    theirs = torchattacks.PGD(
        network, eps=0.15, alpha=0.04, steps=7, random_start=False
    )(x, y)
    assert (ours - theirs).abs().max() < 1e-6
    assert (ours - x).abs().max() > 0.1


def test_pgd_on_a_linear_model_reaches_the_closed_form():
    weight = torch.tensor([[1.0, -2.0, 0.5], [-1.0, 1.0, 0.25]])
    x, y = torch.full((1, 3), 0.5), torch.tensor([0])
    adversarial = pgd(
        lambda z: z @ weight.T,
        x,
        lambda z: cross_entropy(z, y),
        ball=LinfBall(0.1),
        step_size=0.04,
        num_steps=5,
        start=x,
    )
    assert torch.allclose(adversarial, x - 0.1 * (weight[0] - weight[1]).sign())


@pytest.mark.parametrize("epsilon", [0.0, 0.05, 0.3])
def test_starts_and_projections_stay_in_the_ball_and_in_the_pixels(epsilon):
    generator = torch.Generator().manual_seed(0)
    x, far = (
        torch.rand(20, 1, 8, 8, generator=generator),
        3 * torch.randn(20, 1, 8, 8, generator=generator),
    )
    for point in (
        LinfBall(epsilon).random_start(x, generator),
        LinfBall(epsilon).project(far, x),
    ):
        assert (
            (point - x).abs().max() <= epsilon + 1e-6
            and point.min() >= 0
            and point.max() <= 1
        )
    assert torch.equal(LinfBall(0.0).random_start(x, generator), x)


def test_a_random_start_fills_the_ball_on_both_sides():
    x = torch.full((1, 1, 50, 50), 0.5)
    noise = LinfBall(0.1).random_start(x, torch.Generator().manual_seed(0)) - x
    assert noise.min() < -0.099 and noise.max() > 0.099
    assert abs(noise.mean()) < 0.005 and noise.std().item() == pytest.approx(
        0.1 / 3**0.5, rel=0.05
    )


@pytest.mark.parametrize("architecture", ["small_resnet", "preact_resnet18"])
@pytest.mark.parametrize("start", ["uniform", "gaussian"])
def test_the_adversary_is_pgd_on_todays_weights_in_eval_mode(
    architecture, start, splits
):
    x, y = splits.train.pixels()[:50].double(), splits.train.labels[:50]
    model = build(architecture, 10, 1, 4, 0).double().train()
    adversary = Adversary(model, BALL, 0.04, 5, torch.Generator().manual_seed(7))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(
        3
    ):  # the weights and the statistics move after the adversary was made
        optimizer.zero_grad()
        cross_entropy(model(x), y).mean().backward()
        optimizer.step()
    today, generator = copy.deepcopy(model).eval(), torch.Generator().manual_seed(7)
    # Before the attack refolds.
    assert torch.allclose(adversary.logits(model, x), today(x), rtol=1e-9)
    if start == "uniform":
        first = BALL.random_start(x, generator)
    else:
        first = BALL.project(
            x + 0.001 * torch.randn(x.shape, generator=generator, dtype=x.dtype), x
        )
    expected = pgd(
        today,
        x,
        lambda z: cross_entropy(z, y),
        ball=BALL,
        step_size=0.04,
        num_steps=5,
        start=first,
    )
    found = adversary.attack(model, x, cross_entropy, y, start=start)
    assert (found - expected).abs().max() < 1e-9


def test_attack_and_evaluation_leave_the_network_and_the_generators_alone(
    network, splits
):
    model = copy.deepcopy(network).train()
    before, state = copy.deepcopy(model.state_dict()), torch.get_rng_state()
    x, y = splits.train.pixels()[:50], splits.train.labels[:50]
    adversary = Adversary(model, BALL, 0.04, 3, torch.Generator().manual_seed(0))
    adversary.attack(model, x, cross_entropy, y)
    few = splits.test.first(20)
    correct_under_pgd(
        fold_batchnorm(model),
        few,
        ball=BALL,
        step_size=0.04,
        num_steps=2,
        batch_size=20,
    )
    run_autoattack(
        fold_batchnorm(model), splits.test.first(2), ball=BALL, seed=0, batch_size=20
    )
    assert model.training and all(p.grad is None for p in model.parameters())
    assert all(
        torch.equal(value, before[key]) for key, value in model.state_dict().items()
    )
    assert torch.equal(state, torch.get_rng_state())


def test_the_official_package_is_taken_where_it_is_installed(tmp_path):
    (tmp_path / "autoattack.py").write_text("class AutoAttack:\n    pass\n")
    show = "import sglr.evaluation.autoattack as a; print(a.AutoAttack.__module__, a.BATCH_SIZE)"
    for folder, expected in (
        (tmp_path, "autoattack bs"),
        (ROOT, "pyautoattack.autoattack batch_size"),
    ):
        done = run(ROOT, sys.executable, "-c", show, PYTHONPATH=f"{folder}:{ROOT}")
        assert done.stdout.strip() == expected, done.stderr


def test_an_image_outside_the_ball_or_the_pixels_is_refused():
    x = torch.full((1, 1, 2, 2), 0.95)
    check_inside(x + 0.04, x, LinfBall(0.05))
    with pytest.raises(UsageError, match="outside epsilon 0.05"):
        check_inside(x - 0.06, x, LinfBall(0.05))
    with pytest.raises(UsageError, match=r"outside \[0, 1\]"):
        check_inside(x + 0.1, x, LinfBall(0.2))
