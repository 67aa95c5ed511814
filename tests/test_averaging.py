"""Averages of weights against written-out means, BatchNorm's estimate against direct statistics."""

import copy

import pytest
import torch

from sglr.data.digits import digit_parts
from sglr.methods.at import At
from sglr.methods.averaged import AtWa, ExponentialAverage
from sglr.methods.kd_swa import EpochAverage, KdSwa, estimate_batchnorm
from sglr.models import build

torch.set_num_threads(1)


def network(seed: int) -> torch.nn.Module:
    return build("small_resnet", 10, 1, 4, seed)


@pytest.fixture(scope="module")
def x() -> torch.Tensor:
    return digit_parts([60])[0].pixels()


def test_epoch_average_is_the_mean_of_the_networks_from_its_first_epoch(x):
    average = EpochAverage(network(0), first_epoch=2)
    models = [network(seed) for seed in (1, 2, 3, 4)]
    for epoch, model in enumerate(models, start=1):
        average.after_epoch(model, epoch, [x])
    assert [average.active(epoch) for epoch in (1, 2)] == [False, True]
    for name, value in average.network.named_parameters():
        mean = torch.stack(
            [dict(m.named_parameters())[name].detach() for m in models[1:]]
        ).mean(0)
        torch.testing.assert_close(value, mean)


def test_batchnorm_estimate_is_the_size_weighted_mean_of_direct_statistics(x):
    model = network(0)
    first = model.trunk[0]
    parts = [x[:40], x[40:]]
    means = [first.conv(part).mean((0, 2, 3)) for part in parts]
    variances = [first.conv(part).var((0, 2, 3)) for part in parts]
    estimate_batchnorm(model, iter(parts))
    torch.testing.assert_close(
        first.bn.running_mean, (2 * means[0] + means[1]).detach() / 3
    )
    torch.testing.assert_close(
        first.bn.running_var, (2 * variances[0] + variances[1]).detach() / 3
    )
    assert not model.training and first.bn.momentum == 0.1


def test_exponential_average_is_the_written_out_sum_and_leaves_the_model_alone():
    average, models = (
        ExponentialAverage(network(0), 0.25),
        [network(seed) for seed in (1, 2, 3)],
    )
    weight = network(0).classifier.weight.detach()
    for decay, model in zip((0.1, 2 / 11, 0.25), models, strict=True):
        untouched = copy.deepcopy(model.state_dict())
        average.after_step(model)
        weight = decay * weight + (1 - decay) * model.classifier.weight.detach()
        assert all(
            torch.equal(untouched[key], value)
            for key, value in model.state_dict().items()
        )
    torch.testing.assert_close(average.network.classifier.weight, weight)


def test_state_round_trips_and_continues_identically(x):
    one, other = (
        ExponentialAverage(network(0), 0.9),
        ExponentialAverage(network(5), 0.9),
    )
    one.after_step(network(1))
    other.load_state_dict(copy.deepcopy(one.state_dict()))
    for average in (one, other):
        average.after_step(network(2))
    assert torch.equal(one.network(x), other.network(x))


def test_only_the_methods_that_ask_for_an_average_get_one():
    assert At().average(network(0), 200) is None
    assert isinstance(AtWa().average(network(0), 200), ExponentialAverage)
    swa = KdSwa().average(network(0), 200)
    assert swa is not None and [swa.active(epoch) for epoch in (104, 105)] == [
        False,
        True,
    ]
