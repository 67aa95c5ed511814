"""The networks against torchvision and written-out blocks, and the folded copy against the network it came from."""

import copy
import runpy
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
import torchvision

from sglr.files.errors import UsageError
from sglr.models import build
from sglr.models.folding import fold_batchnorm, refold
from sglr.models.preact_resnet import PreActBlock

ARCHITECTURES = ("small_resnet", "resnet18", "preact_resnet18", "wrn_34_10")
SHAPES = ((1, 8, 8), (1, 8, 16), (3, 32, 32))


def images(*shape: int) -> torch.Tensor:
    return torch.rand(
        4, *shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )


def lived_in(architecture: str, channels: int = 1, seed: int = 0) -> torch.nn.Module:
    """A network in train mode none of whose BatchNorm values are where they began."""
    model = build(architecture, 10, channels, 4, seed).double()
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            for tensor in (
                module.weight,
                module.bias,
                module.running_mean,
                module.running_var,
            ):
                tensor.data = 0.5 + torch.rand(
                    tensor.shape, generator=generator, dtype=tensor.dtype
                )
    return model.train()


def logits(model: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return copy.deepcopy(model).eval()(x)


def test_resnet18_is_torchvisions_with_the_cifar_stem():
    ours, x = build("resnet18", 100, 3, 64, 0).double().eval(), images(3, 32, 32)
    theirs = torchvision.models.resnet18(num_classes=100).double().eval()
    theirs.conv1 = torch.nn.Conv2d(3, 64, 3, padding=1, bias=False).double()
    theirs.maxpool = torch.nn.Identity()
    theirs.load_state_dict(
        dict(zip(theirs.state_dict(), ours.state_dict().values(), strict=True))
    )
    assert torch.allclose(ours(x), theirs(x), atol=1e-12)
    assert sum(p.numel() for p in ours.parameters()) == 11_220_132


def test_wrn_34_10_is_that_of_trades_code():
    """RobustBench has it from there; its package imports far more than this one file."""
    folder = Path(find_spec("robustbench").submodule_search_locations[0])
    their = runpy.run_path(folder / "model_zoo/architectures/wide_resnet.py")
    ours = build("wrn_34_10", 10, 3, 64, 0).eval()
    theirs = their["WideResNet"](depth=34, widen_factor=10).eval()
    theirs.load_state_dict(
        dict(zip(theirs.state_dict(), ours.state_dict().values(), strict=True))
    )
    x = images(3, 32, 32)[:1].float()
    with torch.no_grad():
        assert torch.allclose(ours(x), theirs(x), atol=1e-4)
        assert ours(x).std() > 0.01
    assert sum(p.numel() for p in ours.parameters()) == 46_160_474


@pytest.mark.parametrize(("channels", "stride"), [(4, 1), (6, 2)])
def test_the_preactivation_block_is_the_written_out_one(channels, stride):
    block, x = PreActBlock(4, channels, stride).double().eval(), images(4, 8, 8) - 0.5
    a = torch.relu(block.bn(x))
    shortcut = x if block.shortcut is None else block.shortcut(a)
    written_out = (
        block.second(torch.relu(block.first.bn(block.first.conv(a)))) + shortcut
    )
    assert torch.equal(block(x), written_out)
    assert (block.shortcut is None) == (stride == 1)


@pytest.mark.parametrize(("channels", "classes", "width"), [(1, 10, 8), (1, 100, 12)])
def test_small_resnet_has_the_parameters_of_its_two_blocks(channels, classes, width):
    wide = 2 * width
    stem, first = 9 * channels * width + 2 * width, 2 * (9 * width**2 + 2 * width)
    second = 9 * width * wide + 9 * wide**2 + width * wide + 6 * wide
    model = build("small_resnet", classes, channels, width, 0)
    assert (
        sum(p.numel() for p in model.parameters())
        == stem + first + second + wide * classes + classes
    )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("architecture", "halvings"),
    [("small_resnet", 1), ("resnet18", 3), ("preact_resnet18", 3)],
)
def test_every_network_takes_every_image_and_halves_it_as_often_as_it_should(
    architecture, halvings, shape
):
    model, x = build(architecture, 10, shape[0], 4, 0).double().eval(), images(*shape)
    size = (shape[1] >> halvings, shape[2] >> halvings)
    assert model.trunk(x).shape == (4, 4 << halvings, *size)
    assert torch.equal(model(x), model.classifier(model.features(x)))
    assert model(x).shape == (4, 10)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_folded_copy_is_the_network_in_eval_mode(architecture, shape):
    model, x = lived_in(architecture, shape[0]), images(*shape)
    assert (fold_batchnorm(model)(x) - logits(model, x)).abs().max() < 1e-9 * logits(
        model, x
    ).abs().max()
    single, x = model.float(), x.float()
    assert (fold_batchnorm(single)(x) - logits(single, x)).abs().max() < 1e-4 * logits(
        single, x
    ).abs().max()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_refolding_takes_every_weight_and_statistic(architecture):
    old, new, x = (
        lived_in(architecture, seed=0),
        lived_in(architecture, seed=1),
        images(1, 8, 8),
    )
    folded = fold_batchnorm(old)
    refold(folded, new)
    assert torch.allclose(folded(x), logits(new, x), rtol=1e-9)
    assert not torch.allclose(folded(x), logits(old, x), rtol=1e-3)
    assert not any(p.requires_grad for p in folded.parameters())


def test_the_seed_alone_decides_the_weights_and_the_global_generator_stays():
    state = torch.get_rng_state()
    first, again, other = (
        build("small_resnet", 10, 1, 64, seed).classifier.weight for seed in (3, 3, 4)
    )
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert torch.equal(state, torch.get_rng_state())


def test_convolutions_start_with_variance_two_over_the_fan_out():
    # 147,456 values: its std to 0.2 %.
    weight = build("small_resnet", 10, 1, 64, 0).trunk[3].second.conv.weight
    assert weight.std().item() == pytest.approx((2 / (9 * 128)) ** 0.5, rel=0.02)


def test_an_unknown_architecture_is_refused_by_name():
    with pytest.raises(UsageError, match="'vgg'.*small_resnet"):
        build("vgg", 10, 1, 8, 0)
