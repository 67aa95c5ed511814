"""Where labels and schedules end: temperatures, short trainings, label noise."""

import pytest
import torch

from sglr.data.noise import corrupt_labels
from sglr.methods.labels import one_hot, soften
from sglr.methods.losses import cross_entropy, kl_divergence
from sglr.methods.schedules import label_decay, learning_rate, start_epoch

K, N = 10, 50
Y = torch.arange(N) % K


def random_logits(seed: int) -> torch.Tensor:
    return torch.randn(
        N, K, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )


def test_class_indices_and_one_hot_rows_are_the_same_target():
    by_hand = -random_logits(0).log_softmax(1)[torch.arange(N), Y]
    assert torch.allclose(cross_entropy(random_logits(0), Y), by_hand)
    assert torch.allclose(
        cross_entropy(random_logits(0), one_hot(Y, K).double()), by_hand
    )


def test_kl_is_pytorchs_and_its_gradient_survives_a_probability_of_zero():
    target = random_logits(1).softmax(1)
    theirs = torch.nn.functional.kl_div(
        random_logits(0).log_softmax(1), target, reduction="none"
    ).sum(1)
    assert torch.allclose(kl_divergence(target, random_logits(0)), theirs)
    clean = torch.tensor([[0.0, -200.0, 1.0]], requires_grad=True)
    p, q = clean.softmax(1).detach(), torch.tensor([[0.5, -100.0, 1.0]])
    (gradient,) = torch.autograd.grad(kl_divergence(clean.softmax(1), q).sum(), clean)
    log_ratio = torch.where(p > 0, p.log() - q.log_softmax(1), 0)
    assert p[0, 1] == 0 and torch.allclose(
        gradient, p * (log_ratio - (p * log_ratio).sum()), atol=1e-6
    )


@pytest.mark.parametrize("temperature", [1.0, 1.5, 2.0])
def test_a_temperature_takes_that_root_of_the_odds(temperature):
    logits = torch.tensor([[8.0, 1.0, 1.0]]).log()
    odds = 8 ** (1 / temperature)
    assert torch.allclose(
        soften(logits, temperature), torch.tensor([[odds, 1.0, 1.0]]) / (odds + 2)
    )


@pytest.mark.parametrize(("noise", "touched"), [(0.0, 0), (0.4, 4000), (1.0, 10_000)])
def test_redrawn_labels_are_uniform_over_all_classes(noise, touched):
    y = torch.zeros(10_000, dtype=torch.int64)
    noisy, mask = corrupt_labels(y, noise, K, seed=0)
    counts = torch.bincount(noisy[mask], minlength=K)
    assert int(mask.sum()) == touched and int(y.sum()) == 0
    assert (counts - touched / K).abs().max() <= 5 * (
        touched / K
    ) ** 0.5  # five deviations of a Poisson count


def test_short_trainings_keep_their_schedule_sensible():
    assert label_decay(15, 0.9) == 0 and label_decay(200, 0.9) == pytest.approx(0.9)
    assert [start_epoch(0.45, epochs) for epochs in (1, 10, 11, 20)] == [1, 5, 5, 9]


@pytest.mark.parametrize("epochs", [1, 2, 3])
def test_the_first_epoch_trains_at_the_rate_that_the_scale_names(epochs):
    assert learning_rate(1, epochs, 0.1) == 0.1
    assert learning_rate(epochs, epochs, 0.1) < 0.1 or epochs == 1
