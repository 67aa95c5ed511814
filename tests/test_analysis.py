"""The analyses against NumPy, hand loops and closed forms."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn

from sglr.evaluation import repeatable
from sglr.evaluation.confidence import confidence_summary, expected_calibration_error
from sglr.evaluation.features import (
    penultimate_features,
    separability,
    tsne,
    variance_ratio,
)
from sglr.evaluation.gradient_norm import full_gradient_norm
from sglr.evaluation.information import information_in_weights


def linear_network(seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 10)).double()


def numpy_gradient(network: nn.Module, x: torch.Tensor, y: torch.Tensor) -> np.ndarray:
    """Mean gradient of softmax cross-entropy of a linear model, weights then biases, by the textbook formula."""
    weight, bias = (p.detach().numpy() for p in network.parameters())
    rows = x.flatten(1).numpy()
    z = rows @ weight.T + bias
    p = np.exp(z - z.max(axis=1, keepdims=True))
    error = (p / p.sum(axis=1, keepdims=True) - np.eye(10)[y.numpy()]) / len(y)
    return np.concatenate([(error.T @ rows).ravel(), error.sum(axis=0)])


@pytest.fixture
def digits(splits):
    return splits.train.pixels()[:120].double(), splits.train.labels[:120]


def test_information_in_weights_of_a_linear_model_is_numpys(digits):
    x, y = digits
    network, first = linear_network(1), linear_network(0)
    pairs = zip(network.parameters(), first.parameters(), strict=True)
    way = np.concatenate([(p - q).detach().numpy().ravel() for p, q in pairs])
    squares = [
        (way @ numpy_gradient(network, x[i : i + 30], y[i : i + 30])) ** 2
        for i in range(0, 120, 30)
    ]
    found = information_in_weights(network, first, x, y, batch_size=30, num_train=500)
    assert found == pytest.approx(500 / 4 * sum(squares), rel=1e-10)
    assert (
        information_in_weights(network, network, x, y, batch_size=30, num_train=500)
        == 0
    )
    square_of_mean = information_in_weights(
        network, first, x, y, batch_size=120, num_train=500
    )
    # Jensen: the released code's form is smaller.
    assert found > 1.01 * square_of_mean > 0


@pytest.mark.parametrize("batch_size", [7, 50, 120, 500])
def test_the_full_gradient_norm_is_numpys_whatever_the_batches(digits, batch_size):
    network = linear_network(1)
    expected = np.linalg.norm(numpy_gradient(network, *digits))
    assert full_gradient_norm(network, *digits, batch_size) == pytest.approx(
        expected, rel=1e-10
    )


def test_gradients_are_taken_in_eval_mode_and_leave_nothing_behind(network, splits):
    x, y = splits.train.pixels()[:60], splits.train.labels[:60]
    model = copy.deepcopy(network)
    with torch.no_grad():  # as in the measurements, where gradients may be off
        norms = [full_gradient_norm(model, x, y, batch_size) for batch_size in (13, 60)]
        information_in_weights(
            model, copy.deepcopy(model), x, y, batch_size=20, num_train=500
        )
    assert norms[0] == pytest.approx(norms[1], rel=1e-4) and norms[0] > 0
    assert not model.training and all(p.grad is None for p in model.parameters())
    assert all(
        torch.equal(value, network.state_dict()[key])
        for key, value in model.state_dict().items()
    )


def test_information_image_by_image_is_numpys_and_has_the_spread_of_the_images(digits):
    x, y = digits
    network, first = linear_network(1), linear_network(0)
    pairs = zip(network.parameters(), first.parameters(), strict=True)
    way = np.concatenate([(p - q).detach().numpy().ravel() for p, q in pairs])
    squares = [
        500 * (way @ numpy_gradient(network, x[i : i + 1], y[i : i + 1])) ** 2
        for i in range(120)
    ]
    for batch_size in (17, 120):
        value, error = repeatable.information(
            network, first, x, y, batch_size=batch_size, num_train=500
        )
        assert value == pytest.approx(np.mean(squares), rel=1e-10)
        assert error == pytest.approx(np.std(squares, ddof=1) / 120**0.5, rel=1e-10)


def test_the_jackknife_is_the_standard_error_of_a_mean_and_of_a_square(digits):
    parts = digits[0].flatten(1)[:8, :5]
    value, error = repeatable.jackknife(parts[:, :1], lambda mean: mean[0])
    column = parts[:, 0].numpy()
    assert value == pytest.approx(column.mean())
    assert error == pytest.approx(column.std(ddof=1) / 8**0.5)
    norm, spread = repeatable.jackknife(parts, lambda mean: mean.norm())
    left = [
        np.linalg.norm(np.delete(parts.numpy(), i, axis=0).mean(axis=0))
        for i in range(8)
    ]
    assert norm == pytest.approx(np.linalg.norm(parts.numpy().mean(axis=0)))
    assert spread == pytest.approx((7 * np.var(left)) ** 0.5)


def test_the_repeatable_gradient_norm_is_numpys(digits):
    network = linear_network(1)
    found, error = repeatable.gradient_norm(network, *digits, batch_size=7)
    expected = np.linalg.norm(numpy_gradient(network, *digits))
    assert found == pytest.approx(expected, rel=1e-10)
    assert 0 < error < found


def test_a_settled_networks_batchnorm_is_that_of_the_images(network, splits):
    x = splits.train.pixels()[:90]
    changed = copy.deepcopy(network)
    for name, value in changed.named_buffers():
        if name.endswith("running_mean"):
            value.add_(1.0)  # what lags behind must not matter
    one, two = (repeatable.settled(each, x, 90) for each in (network, changed))
    with torch.no_grad():
        assert torch.equal(one(x), two(x))
        assert not torch.allclose(changed.eval()(x), two(x), atol=0.1)
        expected = copy.deepcopy(network).train()(x)
    # One batch: its variance is kept without bias, n / (n - 1).
    assert torch.allclose(one(x), expected, atol=0.02) and not one.training


def test_calibration_error_is_a_hand_loops():
    generator = torch.Generator().manual_seed(0)
    confidence = torch.cat(
        [torch.rand(300, generator=generator), torch.tensor([1.0, 1.0])]
    )
    place = (confidence * 15).ceil().long()
    # Neighbours differ: no merging unseen.
    correct = (place % 2 == 0) ^ (torch.rand(302, generator=generator) < 0.1)
    c, k, total = confidence.double().numpy(), correct.numpy(), 0.0
    for b in range(15):
        inside = (c > b / 15) & (c <= (b + 1) / 15)
        if inside.any():
            total += inside.mean() * abs(k[inside].mean() - c[inside].mean())
    assert expected_calibration_error(confidence, correct) == pytest.approx(
        total, rel=1e-6
    )


def test_the_confidence_summary_by_hand():
    probabilities = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.9, 0.0], [0.3, 0.6, 0.1]])
    found = confidence_summary(
        (probabilities + 1e-12).log(), torch.tensor([0, 0, 1]), prefix="natural"
    )
    assert found["natural_confidence_correct"] == pytest.approx((0.7 + 0.6) / 2)
    assert found["natural_confidence_incorrect"] == pytest.approx(0.9)
    assert found["natural_accuracy"] == pytest.approx(2 / 3)
    # 0.7, 0.9 and 0.6 lie in three bins.
    assert found["natural_ece"] == pytest.approx((0.3 + 0.9 + 0.4) / 3)
    perfect = confidence_summary(
        (probabilities + 1e-12).log(), torch.tensor([0, 1, 1]), prefix="natural"
    )
    assert math.isnan(perfect["natural_confidence_incorrect"])


def test_the_variance_ratio_in_closed_form_and_as_a_split_of_all_variance():
    # Class 0 at (0, 0), (0, 2); class 1 at (6, 0), (6, 2), (6, 4), (6, 6): means (0, 1), (6, 3), of all (4, 7/3).
    x = torch.tensor(
        [[0, 0], [0, 2], [6, 0], [6, 2], [6, 4], [6, 6]], dtype=torch.float32
    )
    y = torch.tensor([0, 0, 1, 1, 1, 1])
    within, between = 2 + 20, 2 * (16 + 16 / 9) + 4 * (4 + 4 / 9)
    assert variance_ratio(x, y) == pytest.approx(within / between)
    assert within + between == pytest.approx((x - x.mean(0)).square().sum().item())
    assert variance_ratio(5 * x + 3, y) == pytest.approx(within / between)


def test_features_are_what_the_last_layer_sees_and_tell_true_classes_from_shuffled(
    network, splits
):
    x, y = splits.test.pixels()[:100], splits.test.labels[:100]
    features = penultimate_features(network, x, 30)
    assert (
        torch.allclose(network.classifier(features), network(x), atol=1e-6)
        and not features.requires_grad
    )
    true = separability(features, y)
    shuffled = separability(
        features, y[torch.randperm(100, generator=torch.Generator().manual_seed(0))]
    )
    assert true["silhouette"] > 0 > shuffled["silhouette"]
    assert true["variance_ratio"] < 2 < shuffled["variance_ratio"]


def test_tsne_is_fixed_by_its_seed_alone(network, splits):
    # More columns than rows: a random PCA.
    wide = torch.randn(16, 600, generator=torch.Generator().manual_seed(0))
    features = penultimate_features(network, splits.test.pixels()[:60], 60) @ wide
    once = tsne(features)
    np.random.seed(5)
    state = np.random.get_state()[1].copy()
    assert once.shape == (60, 2) and np.array_equal(once, tsne(features))
    assert np.array_equal(state, np.random.get_state()[1])


def test_the_variance_ratio_of_a_collapsed_network_is_infinite():
    assert variance_ratio(
        torch.tensor([[0.0], [2.0], [0.0], [2.0]]), torch.tensor([0, 0, 1, 1])
    ) == float("inf")
