"""Every objective against the written-out equation, on real digits with a small network."""

import copy
import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from sglr.attacks.adversary import Adversary
from sglr.attacks.threat import LinfBall
from sglr.data.digits import digit_parts
from sglr.evaluation.forwards import count_forwards
from sglr.methods import METHODS
from sglr.methods.kd_at import fit_calibration
from sglr.methods.objective import Setup
from sglr.methods.sglr import Sglr
from sglr.methods.trades import Trades, TradesSglr
from sglr.models import build

torch.set_num_threads(1)
N, K, EPOCHS = 32, 10, 200


@pytest.fixture
def digits():
    train, validation = digit_parts([N, 40])
    index = torch.arange(N)
    return train.pixels(), train.labels, index, validation


def network(seed: int = 0) -> torch.nn.Module:
    """A network with decided opinions: at its first weights alone, an attack would hardly move its predictions."""
    model = build("small_resnet", K, 1, 4, seed)
    with torch.no_grad():
        model.classifier.weight.mul_(20)
    return model


def setup(digits) -> Setup:
    _, y, _, validation = digits
    model = network().train()
    adversary = Adversary(
        model, LinfBall(0.15), 0.04, 3, torch.Generator().manual_seed(0)
    )
    teachers = {
        name: network(9).eval().requires_grad_(False) for name in ("standard", "at")
    }
    return Setup(model, y, K, EPOCHS, adversary, teachers, validation)


def make(method: str, digits, settings=None):
    given = setup(digits)
    settings = settings or METHODS[method]()
    return settings.objective(settings, given), given.model


def attacked(digits, loss_fn=None, start="uniform"):
    """The x' that the first step of a fresh objective attacks with: same seed, same generator."""
    x, y, _, _ = digits
    model = network().train()
    adversary = Adversary(
        model, LinfBall(0.15), 0.04, 3, torch.Generator().manual_seed(0)
    )
    return adversary.attack(
        model,
        x,
        loss_fn or (lambda z: F.cross_entropy(z, y, reduction="none")),
        start=start,
    )


@pytest.mark.parametrize("method", METHODS)
def test_every_method_takes_a_step_with_finite_loss_and_detached_logits(method, digits):
    x, y, index, _ = digits
    objective, model = make(method, digits)
    for epoch in (1, EPOCHS):
        result = objective.loss(x, index, epoch)
        result.loss.backward()
        objective.after_step()
        assert math.isfinite(result.loss.item()) and result.logits.shape == (N, K)
        assert not result.logits.requires_grad and model.training
    rows = objective.targets(index)
    torch.testing.assert_close(rows.sum(1), torch.ones(N))
    assert not rows.requires_grad


def test_label_smoothing_is_pytorchs_on_the_hard_label_attack(digits):
    x, y, index, _ = digits
    objective, model = make("ls", digits)
    expected = F.cross_entropy(
        network().train()(attacked(digits)), y, label_smoothing=0.2
    )
    torch.testing.assert_close(objective.loss(x, index, 1).loss, expected)


def test_sglr_label_is_the_average_after_the_update_with_the_clean_forward_second(
    digits,
):
    x, y, index, _ = digits
    settings = Sglr(r=0.3, temperature=2.0, clean_weight=0.2)
    objective, model = make("sglr", digits, settings)
    twin, x_adv, q = network().train(), attacked(digits), np.eye(K)[y]
    adversarial = twin(x_adv).detach()
    clean = twin(x).detach()
    own = (0.2 * (clean / 2).softmax(1) + 0.8 * (adversarial / 2).softmax(1)).numpy()
    label = 0.3 * (0.9 * q + 0.1 * own) + 0.7 * q
    expected = -(label * adversarial.log_softmax(1).numpy()).sum(1).mean()
    assert objective.loss(x, index, 90).loss.item() == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(objective.targets(index).numpy(), label, atol=1e-6)
    for ours, theirs in zip(
        model.buffers(), twin.buffers(), strict=True
    ):  # the clean batch moved them last
        torch.testing.assert_close(ours, theirs)


def test_sglr_is_at_to_the_bit_before_epoch_90(digits):
    x, y, index, _ = digits
    losses = []
    for method in ("at", "sglr"):
        objective, model = make(method, digits)
        losses.append(objective.loss(x, index, 89).loss)
        losses.append(torch.cat([b.flatten().float() for b in model.buffers()]))
    assert torch.equal(losses[0], losses[2]) and torch.equal(losses[1], losses[3])


def test_sglr_gradient_is_one_minus_r_times_the_hard_one_without_lag(digits):
    """decay 0, T 1, adversarial predictions alone: d/dz H(y, p) = (1 - r)(p - q)."""
    x, y, index, _ = digits
    r = 0.6
    objective, model = make(
        "sglr", digits, Sglr(r=r, temperature=1.0, clean_weight=0.0, decay=0.0)
    )
    refined = objective.loss(x, index, 200).loss
    bias = model.classifier.bias
    (gradient,) = torch.autograd.grad(refined, bias)
    twin = network().train()
    (hard,) = torch.autograd.grad(
        F.cross_entropy(twin(attacked(digits)), y), twin.classifier.bias
    )
    torch.testing.assert_close(gradient, (1 - r) * hard, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize(
    "method", ["sglr", "te", "trades_sglr", "standard_sglr", "kd_at"]
)
def test_state_round_trips(method, digits):
    x, y, index, _ = digits
    objective, model = make(method, digits)
    objective.loss(x, index, 200)
    saved = copy.deepcopy(objective.state_dict())
    other, _ = make(method, digits)
    other.load_state_dict(saved)
    assert saved and str(other.state_dict()) == str(saved)
    assert torch.equal(other.targets(index), objective.targets(index))


def test_te_first_target_is_the_clean_eval_prediction_and_the_attack_raises_the_same_sum(
    digits,
):
    x, y, index, _ = digits
    objective, model = make("te", digits)
    probs = network().eval()(x).softmax(1).detach()
    weight = 300 * math.exp(-5 * (1 - 30 / 60) ** 2)

    def both(z):
        return F.cross_entropy(z, y, reduction="none") + weight * (
            (z.softmax(1) - probs) ** 2
        ).mean(1)

    expected = both(network().train()(attacked(digits, both))).mean()
    assert objective.loss(x, index, 120).loss.item() == pytest.approx(
        expected.item(), rel=1e-4
    )


def test_awp_perturbs_weights_by_gamma_uphill_and_takes_it_off(digits):
    x, y, index, _ = digits
    objective, model = make("awp", digits)
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    perturbed = objective.loss(x, index, 1).loss
    for name, value in model.named_parameters():
        ratio = (value.detach() - before[name]).norm() / before[name].norm().clamp_min(
            1e-9
        )
        assert ratio.item() == pytest.approx(
            0.01 if value.dim() >= 2 else 0.0, rel=1e-3
        )
    assert (
        perturbed.item()
        > F.cross_entropy(network().train()(attacked(digits)), y).item()
    )
    assert all(
        b == 1 for n, b in model.named_buffers() if n.endswith("num_batches_tracked")
    )
    objective.after_step()
    for name, value in model.named_parameters():
        torch.testing.assert_close(value.detach(), before[name], atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    "method, start", [("trades", "gaussian"), ("trades_sglr", "uniform")]
)
def test_trades_is_the_written_out_sum_and_sglr_changes_its_natural_term_alone(
    method, start, digits
):
    x, y, index, _ = digits
    settings = Trades() if method == "trades" else TradesSglr()
    objective, model = make(method, digits, settings)
    p = network().eval()(x).softmax(1).detach()
    x_adv = attacked(digits, lambda z: (p * (p.log() - z.log_softmax(1))).sum(1), start)
    twin = network().train()
    clean, adversarial = twin(x).detach().double(), twin(x_adv).detach().double()
    q = F.one_hot(y, K).double()
    if method == "trades_sglr":
        q = 0.9 * q + 0.1 * (0.2 * clean.softmax(1) + 0.8 * adversarial.softmax(1))
    natural = -(q * clean.log_softmax(1)).sum(1)
    robust = (
        clean.softmax(1) * (clean.log_softmax(1) - adversarial.log_softmax(1))
    ).sum(1)
    expected = (natural + 6 * robust).mean().item()
    assert objective.loss(x, index, 90).loss.item() == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    "method, epoch, passes",
    [
        ("trades", 1, "x x' x"),
        ("trades_sglr", 1, "x x'"),
        ("trades_sglr", 90, "x x' x'"),
    ],
)
def test_batchnorm_sees_what_the_official_step_shows_it_in_that_order(
    method, epoch, passes, digits
):
    x, _, index, _ = digits
    objective, model = make(method, digits)
    p = network().eval()(x).softmax(1).detach()
    start = "gaussian" if method == "trades" else "uniform"
    shown = {
        "x": x,
        "x'": attacked(
            digits, lambda z: (p * (p.log() - z.log_softmax(1))).sum(1), start
        ),
    }
    twin = network().train()
    for name in passes.split():
        twin(shown[name])
    objective.loss(x, index, epoch)
    for (name, found), expected in zip(
        model.named_buffers(), twin.buffers(), strict=True
    ):
        torch.testing.assert_close(found, expected, msg=name)


def test_kd_swa_is_the_written_out_sum(digits):
    x, y, index, _ = digits
    objective, model = make("kd_swa", digits)
    teacher, x_adv = network(9).eval(), attacked(digits)
    z, t = network().train()(x_adv), (teacher(x_adv) / 2).softmax(1)
    expected = (
        0.3 * F.cross_entropy(z, y)
        - 0.7 * 4 * (t * (z / 2).log_softmax(1)).sum(1).mean()
    )
    torch.testing.assert_close(objective.loss(x, index, 1).loss, expected)


def test_kd_at_trains_towards_the_calibrated_teacher_on_adversarial_images(digits):
    x, y, index, _ = digits
    objective, model = make("kd_at", digits)
    objective.temperature, objective.mixture = 2.0, 0.3
    x_adv = attacked(digits)
    labels = 0.3 * (network(9).eval()(x_adv) / 2).softmax(1) + 0.7 * F.one_hot(y, K)
    expected = -(labels * network().train()(x_adv).log_softmax(1)).sum(1).mean()
    torch.testing.assert_close(objective.loss(x, index, 1).loss, expected)


def test_ard_is_the_written_out_sum(digits):
    x, y, index, _ = digits
    objective, _ = make("ard", digits)
    taught = (network(9).eval()(x) / 30).softmax(1)
    student = (network().train()(attacked(digits)) / 30).log_softmax(1)
    expected = 900 * (taught * (taught.log() - student)).sum(1).mean()
    torch.testing.assert_close(objective.loss(x, index, 1).loss, expected)


def test_rslad_is_the_written_out_sum_and_its_attack_raises_the_robust_term(digits):
    x, y, index, _ = digits
    objective, taught = (
        make("rslad", digits)[0],
        network(9).eval()(x).softmax(1).detach(),
    )

    def far(z):
        return (taught * (taught.log() - z.log_softmax(1))).sum(1)

    twin, x_adv = network().train(), attacked(digits, far, "gaussian")
    expected = (5 * far(twin(x_adv)) + far(twin(x))).mean() / 6
    found = objective.loss(x, index, 1).loss
    torch.testing.assert_close(found, expected)


def test_calibration_finds_the_temperature_of_a_model_that_is_right_about_itself():
    generator = torch.Generator().manual_seed(0)
    logits = 2 * torch.randn(4000, K, generator=generator)
    y = torch.multinomial((logits / 3).softmax(1), 1, generator=generator)[:, 0]
    uninformed = F.one_hot(torch.randint(K, (4000,), generator=generator), K)
    temperature, mixture = fit_calibration(logits, uninformed, y)
    assert temperature == pytest.approx(3, rel=0.15) and mixture > 0.9
    # A perfect guess needs no teacher.
    assert fit_calibration(logits, F.one_hot(y, K), y)[1] == pytest.approx(0.02)


def test_forwards_are_the_papers(digits):
    rows = count_forwards(digits[0][:4], digits[1][:4])
    assert [(row["method"], row["forwards_measured"]) for row in rows] == [
        ("ard", 3),
        ("rslad", 3),
        ("kd_swa", 4),
        ("sglr", 2),
    ]
    assert [row["trained_teachers"] for row in rows] == [1, 1, 2, 0]
