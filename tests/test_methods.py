"""What each method does to a training step, on real digits."""

import copy

import pytest
import torch

from sglr.adversary import Adversary
from sglr.averaging import WeightAverage
from sglr.data.augment import augment
from sglr.forwards import count_forwards
from sglr.labels import one_hot
from sglr.methods import METHODS
from sglr.models import build
from sglr.objectives import Setup, build_objective
from sglr.threat import LinfBall


def make(method, splits, **settings):
    model = build("small_resnet", 10, 1, 4, 0)
    adversary = Adversary(model, LinfBall(0.1), 0.05, 2, torch.Generator().manual_seed(0))
    train = splits.train.first(40)
    setup = Setup(train.labels, 10, 200, adversary, {}, splits.validation, model)
    objective = build_objective(method, METHODS[method](**settings), setup)
    batch = (train.pixels(), train.labels, torch.arange(40))
    return model, objective, batch


def test_sglr_averages_from_epoch_90_and_uses_the_row_after_the_update(splits):
    model, objective, batch = make("sglr", splits, r=0.5, temperature=1.0)
    hard = one_hot(batch[1], 10)
    objective.loss(model, *batch, epoch=89)
    assert torch.equal(objective.average.probs, hard)
    before = copy.deepcopy(model)
    result = objective.loss(model, *batch, epoch=90)
    clean = before(batch[0]).softmax(1)
    row = 0.9 * hard + 0.1 * (0.2 * clean + 0.8 * result.logits.softmax(1))
    assert torch.allclose(objective.average.probs, row, atol=1e-5)
    expected = -((0.5 * row.detach() + 0.5 * hard) * result.logits.log_softmax(1)).sum(1).mean()
    assert torch.allclose(result.loss, expected, atol=1e-5)
    assert not objective.average.probs.requires_grad


def test_awp_perturbs_by_gamma_and_takes_it_off(splits):
    model, objective, batch = make("awp", splits)
    before = {name: value.clone() for name, value in model.named_parameters()}
    objective.loss(model, *batch, epoch=1)
    for name, value in model.named_parameters():
        moved = (value - before[name]).norm() / before[name].norm().clamp_min(1e-12)
        assert moved.item() == pytest.approx(0.01 if value.dim() >= 2 else 0.0, abs=1e-4)
    objective.after_step(model)
    assert all(torch.allclose(value, before[name], atol=1e-6) for name, value in model.named_parameters())


def test_te_ensemble_is_the_prediction_after_its_first_update(splits):
    model, objective, batch = make("te", splits)
    probs = objective.setup.adversary.logits(batch[0]).softmax(1)
    objective.loss(model, *batch, epoch=90)
    rows = objective.average.probs
    assert torch.allclose(rows / rows.sum(1, keepdim=True), probs, atol=1e-5)


def test_the_equal_weight_average_is_the_mean_and_its_batchnorm_the_batches(splits):
    models = [build("small_resnet", 10, 1, 4, seed) for seed in range(2)]
    average = WeightAverage(models[0], decay=None, start=2)
    average.after_epoch(models[0], 1, [])
    assert average.count == 0 and not average.active(1)
    for model in models:
        average.after_epoch(model, 2, [splits.train.pixels()])
    first, *_ = average.network.parameters()
    one, two = (next(model.parameters()) for model in models)
    assert torch.allclose(first, (one + two) / 2)
    stem = average.network.trunk[0]
    statistics = stem.conv(splits.train.pixels()).mean(dim=(0, 2, 3))
    assert torch.allclose(stem.bn.running_mean, statistics, atol=1e-4)


def test_forward_counts_are_the_codes(splits):
    rows = count_forwards(splits.train.pixels()[:8], splits.train.labels[:8])
    # KD-SWA: the paper's 4 counts the average's BatchNorm pass; within the step there are 3
    assert {row["method"]: row["forwards_measured"] for row in rows} == {"ARD": 3, "RSLAD": 3, "KD-SWA": 3, "SGLR": 2}


def test_augmentation_is_a_crop_of_the_padded_image_or_its_mirror(splits):
    x = splits.train.pixels()[:30]
    padded = torch.nn.functional.pad(x, (4,) * 4)
    for image, source in zip(augment(x, torch.Generator().manual_seed(0)), padded, strict=True):
        crops = [source[:, i : i + 8, j : j + 8] for i in range(9) for j in range(9)]
        assert any(torch.equal(image, crop) or torch.equal(image, crop.flip(2)) for crop in crops)


def test_data_parts_are_disjoint(splits):
    parts = [
        {image.numpy().tobytes() for image in part.images} for part in (splits.train, splits.validation, splits.test)
    ]
    assert not (parts[0] & parts[1]) and not (parts[0] & parts[2]) and not (parts[1] & parts[2])
