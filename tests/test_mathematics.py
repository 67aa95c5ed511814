"""Losses, labels, schedules and the paper's propositions against closed forms."""

import math

import pytest
import torch
from torch.nn import functional as F

from sglr.config.schedules import label_decay, learning_rate, start_epoch, te_weight
from sglr.data.noise import corrupt_labels
from sglr.evaluation.confidence import expected_calibration_error
from sglr.evaluation.features import variance_ratio
from sglr.models import build
from sglr.models.folding import fold_batchnorm
from sglr.objectives.labels import PredictionAverage, one_hot, refine, smooth
from sglr.objectives.losses import cross_entropy, kl_divergence, reverse_cross_entropy

K = 10


def random_logits(seed: int = 0, rows: int = 50) -> torch.Tensor:
    return torch.randn(rows, K, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def entropy(p, q):
    return -(p * q.log()).sum(dim=1)


def test_the_learning_rate_at_its_edges():
    assert [learning_rate(epoch, 200, 0.1) for epoch in (99, 100, 149, 150)] == pytest.approx([0.1, 0.01, 0.01, 0.001])


def test_refinement_starts_at_epoch_90_and_its_decay_keeps_the_proportion():
    assert start_epoch(0.45, 200) == 90 and start_epoch(0.45, 40) == 18
    for epochs in (200, 100, 40):
        assert (1 - label_decay(epochs, 0.9)) * (epochs - start_epoch(0.45, epochs)) == pytest.approx(11)


def test_the_te_ramp_at_its_edges():
    weights = [te_weight(epoch, 200, weight=300, start=0.45, ramp_end=0.75) for epoch in (89, 90, 120, 150, 200)]
    assert weights == pytest.approx([0, 300 * math.exp(-5), 300 * math.exp(-1.25), 300, 300])


@pytest.mark.parametrize("r", [0.0, 0.2, 1.0])
def test_label_smoothing_is_the_librarys(r):
    logits, y = random_logits(), torch.arange(50) % K
    theirs = F.cross_entropy(logits, y, label_smoothing=r, reduction="none")
    assert torch.allclose(cross_entropy(logits, smooth(one_hot(y, K).double(), r)), theirs)


def test_kl_is_the_written_out_sum():
    p, logits = random_logits(1).softmax(1), random_logits()
    assert torch.allclose(kl_divergence(p, logits), (p * (p.log() - logits.softmax(1).log())).sum(1))


@pytest.mark.parametrize("r", [0.0, 0.3, 1.0])
def test_proposition_1_sglr_is_symmetric_cross_entropy_less_a_reverse_kl(r):
    p, q = random_logits(0).softmax(1), random_logits(1).softmax(1)
    sglr = entropy(r * p + (1 - r) * q, p)
    reverse_kl = (p * (p / q).log()).sum(1)
    assert torch.allclose(sglr, (1 - r) * entropy(q, p) + r * entropy(p, q) - r * reverse_kl, atol=1e-10)


def test_proposition_2_distillation_is_a_refined_label_and_fails_with_a_temperature():
    logits, teacher = random_logits(0), random_logits(1)
    q, p_t, a = one_hot(torch.arange(50) % K, K).double(), teacher.softmax(1), 0.4
    both = (1 - a) * cross_entropy(logits, q) + a * cross_entropy(logits, p_t)
    assert torch.allclose(both, cross_entropy(logits, refine(q, p_t, a)), atol=1e-10)
    softened = (1 - a) * cross_entropy(logits, q) + a * cross_entropy(logits / 2, p_t)
    assert not torch.allclose(softened, cross_entropy(logits, refine(q, p_t, a)), atol=1e-2)


def test_the_gradient_corollary_and_its_negative_control():
    r, q = 0.3, one_hot(torch.arange(50) % K, K).double()
    logits = random_logits().requires_grad_(True)
    p = logits.softmax(1)
    expected = ((1 - r) * (p - q)).detach()
    (detached,) = torch.autograd.grad(cross_entropy(logits, refine(q, p.detach(), r)).sum(), logits)
    assert torch.allclose(detached, expected, atol=1e-6)
    (through,) = torch.autograd.grad(entropy(refine(q, logits.softmax(1), r), logits.softmax(1)).sum(), logits)
    assert not torch.allclose(through, expected, atol=1e-3)


def test_lemma_1_reverse_cross_entropy_is_symmetric_and_cross_entropy_is_not():
    logits = random_logits()
    classes = [one_hot(torch.full((50,), k), K).double() for k in range(K)]
    total = sum(reverse_cross_entropy(logits, target) for target in classes)
    assert torch.allclose(total, torch.full_like(total, -math.log(1e-4) * (K - 1)))
    assert sum(cross_entropy(logits, target) for target in classes).std() > 0.1


@pytest.mark.parametrize("noise", [0.2, 0.6])
def test_theorem_2_symmetric_noise_keeps_the_order_of_risks(noise):
    y = torch.arange(50) % K
    risks = []
    for seed in (0, 1):
        logits = random_logits(seed)
        each = torch.stack([reverse_cross_entropy(logits, one_hot(torch.full((50,), k), K).double()) for k in range(K)])
        clean = each[y, torch.arange(50)]
        noisy = (1 - noise) * clean + noise / (K - 1) * (each.sum(0) - clean)
        risks.append((clean.mean(), noisy.mean()))
    expected = (1 - noise * K / (K - 1)) * (risks[0][0] - risks[1][0])
    assert torch.allclose(risks[0][1] - risks[1][1], expected)


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


@pytest.mark.parametrize(("architecture", "parameters"), [("resnet18", 11_173_962), ("preact_resnet18", 11_172_170)])
def test_networks_have_the_papers_size_and_fold_exactly(architecture, parameters):
    model = build(architecture, 10, 3, 64, 0)
    assert sum(p.numel() for p in model.parameters()) == parameters
    small, x = build(architecture, 10, 3, 8, 0), torch.rand(8, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    small(x)
    small.eval()
    torch.nn.init.normal_(small.classifier.weight)
    assert (small(x) - fold_batchnorm(small)(x)).abs().max() < 1e-4


def test_calibration_error_and_variance_ratio_by_hand():
    confidence = torch.tensor([0.95, 0.95, 0.5])
    assert expected_calibration_error(confidence, torch.tensor([True, False, True])) == pytest.approx((0.9 + 0.5) / 3)
    features, y = torch.tensor([[0.0], [2.0], [10.0], [12.0]]), torch.tensor([0, 0, 1, 1])
    assert variance_ratio(features, y) == pytest.approx(4 / 100)
