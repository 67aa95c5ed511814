"""Losses, labels and schedules against closed forms; the propositions that speak of code, a theorem of sglr.claims."""

import math

import pytest
import torch
from torch.nn import functional as F

from sglr.claims import theory
from sglr.collected.results import Results
from sglr.data.noise import corrupt_labels
from sglr.evaluation.confidence import expected_calibration_error
from sglr.evaluation.features import variance_ratio
from sglr.methods.labels import PredictionAverage, one_hot, refine, smooth
from sglr.methods.losses import cross_entropy
from sglr.methods.schedules import label_decay, learning_rate, start_epoch, te_weight
from sglr.models import build

K = 10


def random_logits(seed: int = 0, rows: int = 50) -> torch.Tensor:
    return torch.randn(
        rows, K, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )


def entropy(p, q):
    return -(p * q.log()).sum(dim=1)


def test_the_learning_rate_at_its_edges():
    assert [
        learning_rate(epoch, 200, 0.1) for epoch in (99, 100, 149, 150)
    ] == pytest.approx([0.1, 0.01, 0.01, 0.001])


def test_refinement_starts_at_epoch_90_and_its_decay_keeps_the_proportion():
    assert start_epoch(0.45, 200) == 90 and start_epoch(0.45, 40) == 18
    for epochs in (200, 100, 40):
        assert (1 - label_decay(epochs, 0.9)) * (
            epochs - start_epoch(0.45, epochs)
        ) == pytest.approx(11)


def test_the_te_ramp_at_its_edges():
    weights = [
        te_weight(epoch, 200, weight=300, start=0.45, ramp_end=0.75)
        for epoch in (89, 90, 120, 150, 200)
    ]
    assert weights == pytest.approx(
        [0, 300 * math.exp(-5), 300 * math.exp(-1.25), 300, 300]
    )


@pytest.mark.parametrize("r", [0.0, 0.2, 1.0])
def test_label_smoothing_is_the_librarys(r):
    logits, y = random_logits(), torch.arange(50) % K
    theirs = F.cross_entropy(logits, y, label_smoothing=r, reduction="none")
    assert torch.allclose(
        cross_entropy(logits, smooth(one_hot(y, K).double(), r)), theirs
    )


def test_proposition_2_distillation_is_a_refined_label_and_fails_with_a_temperature():
    logits, teacher = random_logits(0), random_logits(1)
    q, p_t, a = one_hot(torch.arange(50) % K, K).double(), teacher.softmax(1), 0.4
    both = (1 - a) * cross_entropy(logits, q) + a * cross_entropy(logits, p_t)
    assert torch.allclose(both, cross_entropy(logits, refine(q, p_t, a)), atol=1e-10)
    softened = (1 - a) * cross_entropy(logits, q) + a * cross_entropy(logits / 2, p_t)
    assert not torch.allclose(
        softened, cross_entropy(logits, refine(q, p_t, a)), atol=1e-2
    )


def test_the_gradient_corollary_and_its_negative_control():
    r, q = 0.3, one_hot(torch.arange(50) % K, K).double()
    logits = random_logits().requires_grad_(True)
    p = logits.softmax(1)
    expected = ((1 - r) * (p - q)).detach()
    (detached,) = torch.autograd.grad(
        cross_entropy(logits, refine(q, p.detach(), r)).sum(), logits
    )
    assert torch.allclose(detached, expected, atol=1e-6)
    (through,) = torch.autograd.grad(
        entropy(refine(q, logits.softmax(1), r), logits.softmax(1)).sum(), logits
    )
    assert not torch.allclose(through, expected, atol=1e-3)


def test_the_prediction_average_is_the_geometric_sum():
    start, p = one_hot(torch.arange(3), 3), torch.full((1, 3), 1 / 3)
    average, index = PredictionAverage(start, 0.9), torch.tensor([1])
    for _ in range(3):
        row = average.update(index, p)
    assert torch.allclose(row, 0.9**3 * start[1] + (1 - 0.9**3) * p)
    assert torch.equal(average.probs[[0, 2]], start[[0, 2]])


def test_label_noise_touches_its_share_and_is_fixed_by_its_seed():
    y = torch.arange(5000) % K
    noisy, mask = corrupt_labels(y, 0.4, K, seed=3)
    assert int(mask.sum()) == 2000 and torch.equal(noisy[~mask], y[~mask])
    assert abs((noisy != y).double().mean().item() - 0.36) < 0.015
    assert torch.equal(noisy, corrupt_labels(y, 0.4, K, seed=3)[0])


@pytest.mark.parametrize(
    ("architecture", "parameters"),
    [("resnet18", 11_173_962), ("preact_resnet18", 11_172_170)],
)
def test_networks_have_the_papers_size(architecture, parameters):
    assert (
        sum(p.numel() for p in build(architecture, 10, 3, 64, 0).parameters())
        == parameters
    )


def test_calibration_error_and_variance_ratio_by_hand():
    confidence = torch.tensor([0.95, 0.95, 0.5])
    assert expected_calibration_error(
        confidence, torch.tensor([True, False, True])
    ) == pytest.approx((0.9 + 0.5) / 3)
    features, y = (
        torch.tensor([[0.0], [2.0], [10.0], [12.0]]),
        torch.tensor([0, 0, 1, 1]),
    )
    assert variance_ratio(features, y) == pytest.approx(4 / 100)


def test_theorem_2_holds_for_the_symmetric_part_alone():
    assert theory.noisy_risks(Results({}), loss="reverse").value < 1e-9
    assert theory.noisy_risks(Results({}), loss="refined").value > 1e-3
