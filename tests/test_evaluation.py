"""Accuracy by our own loops against hand loops, a closed form and the package's own count."""

import copy
import re

import pytest
import torch
from torch import nn

from sglr.attacks.threat import LinfBall
from sglr.data.images import ImageSet
from sglr.evaluation import autoattack
from sglr.evaluation.accuracy import correct_natural, correct_under_pgd
from sglr.evaluation.autoattack import ATTACKS, BATCH_SIZE, AutoAttack, run_autoattack
from sglr.files.errors import UsageError
from sglr.models.folding import fold_batchnorm

PGD = {"ball": LinfBall(0.1), "step_size": 0.02, "num_steps": 10}


def mislabelled(images: ImageSet, count: int) -> ImageSet:
    """The images with the first `count` labels wrong."""
    labels = images.labels.clone()
    labels[:count] = (labels[:count] + 1) % 10
    return ImageSet(images.images, labels, images.levels)


def own_images(network: nn.Module, images: ImageSet, count: int) -> ImageSet:
    """The first `count` images that the network classifies correctly, so that a test's counts are known."""
    return images.at(correct_natural(network, images, 100).nonzero()[:count, 0])


@pytest.mark.parametrize("batch_size", [1, 7, 500])
def test_natural_accuracy_is_a_hand_loops(network, splits, batch_size):
    images = splits.test.first(40)
    with torch.no_grad():
        each = [
            int(network(x[None]).argmax()) == int(y)
            for x, y in zip(images.pixels(), images.labels, strict=True)
        ]
    assert correct_natural(network, images, batch_size).tolist() == each


def test_pgd_accuracy_of_a_linear_model_is_the_closed_form():
    generator = torch.Generator().manual_seed(0)
    # Nothing clips at 0 or 1.
    images = torch.randint(
        77, 179, (400, 1, 4, 4), generator=generator, dtype=torch.uint8
    )
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 2, bias=False)).double()
    data = ImageSet(images, torch.randint(2, (400,), generator=generator), 255)
    with torch.no_grad():
        model[1].weight.copy_(torch.randn(2, 16, generator=generator))
        sign = 1.0 - 2.0 * data.labels
        way = model[1].weight[0] - model[1].weight[1]
        margin = sign * (data.pixels().double().flatten(1) @ way)
    expected = margin > 0.01 * way.abs().sum()
    # Ten steps cross the ball from any start.
    small = {
        **PGD,
        "ball": LinfBall(0.01),
        "step_size": 0.002,
    }
    found = correct_under_pgd(lambda x: model(x.double()), data, **small, batch_size=64)
    assert torch.equal(found, expected) and 0 < int(expected.sum()) < int(
        (margin > 0).sum()
    )


def test_the_random_start_is_fixed_whatever_the_batches(network, splits):
    # The start alone.
    images, frozen = (
        splits.test.first(100),
        {**PGD, "num_steps": 0, "ball": LinfBall(0.5)},
    )
    found = correct_under_pgd(network, images, **frozen, batch_size=100)
    torch.rand(3)
    assert torch.equal(
        found, correct_under_pgd(network, images, **frozen, batch_size=33)
    )
    assert not torch.equal(found, correct_natural(network, images, 100))


def test_evaluation_keeps_gradients_buffers_and_the_generator(network, splits):
    model, images = copy.deepcopy(network), splits.test.first(30)
    for p in model.parameters():
        p.grad = torch.ones_like(p)
    state = torch.get_rng_state()
    correct_natural(model, images, 10)
    correct_under_pgd(model, images, **PGD, batch_size=10)
    assert not model.training and all((p.grad == 1).all() for p in model.parameters())
    assert all(
        torch.equal(value, network.state_dict()[key])
        for key, value in model.state_dict().items()
    )
    assert torch.equal(state, torch.get_rng_state())


def test_autoattack_counts_after_each_attack_as_the_package_does_and_never_a_natural_error(
    network, splits, caplog, capsys
):
    network = fold_batchnorm(network)
    # two to be labelled wrong, three that fall to apgd-ce, two that withstand all four, one that falls to apgd-t alone
    few = own_images(network, splits.test, 14).at(
        torch.tensor([12, 13, 1, 2, 4, 9, 10, 11])
    )
    images, ball = mislabelled(few, 2), LinfBall(0.07)
    result = run_autoattack(network, images, ball=ball, seed=0, batch_size=4)
    with caplog.at_level(
        "DEBUG", logger="auto-attack"
    ):  # one package logs its counts, the other prints them
        package = AutoAttack(
            network,
            norm="Linf",
            eps=ball.epsilon,
            seed=0,
            version="standard",
            device="cpu",
        )
        returned = package.run_standard_evaluation(
            images.pixels(), images.labels, **{BATCH_SIZE: 4}
        )
    said = re.findall(
        r"robust accuracy after ([\w-]+): ([\d.]+)%",
        caplog.text + capsys.readouterr().out,
    )
    theirs = {name.lower(): round(float(percent) * 8 / 100) for name, percent in said}
    assert list(result.robust_after) == list(ATTACKS)
    assert {
        name: result.robust_after[name] for name in theirs
    } == theirs and "apgd-ce" in theirs
    x_adv = returned[0] if isinstance(returned, tuple) else returned
    with torch.no_grad():
        direct = (
            torch.tensor([int(network(x[None]).argmax()) for x in x_adv])
            == images.labels
        )
    assert torch.equal(result.correct, direct)
    assert not result.correct[:2].any() and 0 < int(result.correct.sum()) < 6


class Pretender:
    """Stands where the package stands: `returns` makes the images of each attack, `calls` keeps what it was asked."""

    calls: list = []

    def __init__(self, model, **settings):
        self.settings = settings

    def run_standard_evaluation(self, x, y, **batch):
        torch.rand(3)
        Pretender.calls.append((*self.attacks_to_run, len(x), self.settings | batch))
        return Pretender.returns(x, self.attacks_to_run[0]), y


@pytest.fixture
def pretender(monkeypatch):
    monkeypatch.setattr(autoattack, "AutoAttack", Pretender)
    monkeypatch.setattr(Pretender, "calls", [])
    return Pretender


def test_autoattack_hands_on_what_is_still_correct_and_recounts_what_comes_back(
    network, splits, pretender
):
    black = int(network(torch.zeros(1, 1, 8, 8)).argmax())  # the class of a black image
    known = own_images(network, splits.test, 30)
    images = mislabelled(known.at((known.labels != black).nonzero()[:10, 0]), 4)

    def returns(
        x, attack
    ):  # apgd-ce and fab-t break nothing; the others one image each, the last, by turning it black
        keep = torch.ones(len(x), 1, 1, 1)
        keep[-1] = attack not in ("apgd-t", "square")
        return x * keep

    pretender.returns = returns
    state = torch.get_rng_state()
    result = run_autoattack(network, images, ball=LinfBall(1.0), seed=3, batch_size=6)
    assert result.robust_after == {"apgd-ce": 6, "apgd-t": 5, "fab-t": 5, "square": 4}
    assert result.correct.tolist() == [False] * 4 + [True] * 4 + [False] * 2
    asked = {
        "norm": "Linf",
        "eps": 1.0,
        "seed": 3,
        "version": "standard",
        "device": "cpu",
        BATCH_SIZE: 6,
    }
    assert pretender.calls == [
        (a, n, asked) for a, n in zip(ATTACKS, (6, 6, 5, 5), strict=True)
    ]
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("shift", [0.06, -0.06, 0.04, -0.04, float("nan")])
def test_autoattack_refuses_images_outside_the_ball_or_the_pixels(
    network, splits, pretender, shift
):
    pretender.returns = lambda x, attack: (
        (x + shift).clamp(0, 1) if abs(shift) > 0.05 else x + shift
    )
    with pytest.raises(UsageError, match="AutoAttack returned"):
        run_autoattack(
            network, splits.test.first(10), ball=LinfBall(0.05), seed=0, batch_size=5
        )


class Fooled(nn.Module):
    """A copy of a network, but wrong on every image that begins with a pixel of exactly one half."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        logits = self.network(x)
        return torch.where((x[:, :, 0, 0] == 0.5), -logits, logits)


class Searches:
    """What AutoAttack's attacks return, one after another, and which of them were asked, with how many images."""

    def __init__(self):
        self.asked = []

    def __call__(self, x, attack):
        """The copy's apgd-ce turns the first image black, which fools both; the second fools the copy alone."""
        self.asked.append((attack, len(x)))
        x = x.clone()
        if len(self.asked) == 1:
            x[0], x[1, 0, 0, 0] = 0, 0.5
        elif len(self.asked) == 7:  # the model's own fab-t: the doubtful image alone
            x[0] = 0
        return x


def neither_black_nor_white(network, images):
    """Six images that the network tells from one that is all black and from one that is all white."""
    plain = [torch.full((1, 1, 8, 8), value) for value in (0.0, 1.0)]
    black, white = (int(network(image).argmax()) for image in plain)
    known = own_images(network, images, 30)
    told = (known.labels != black) & (known.labels != white)
    return known.at(told.nonzero()[:6, 0])


def test_a_search_on_a_copy_is_judged_by_the_model_and_repeated_on_it(
    network, splits, pretender
):
    images = neither_black_nor_white(network, splits.test)
    pretender.returns = searches = Searches()
    how = {"ball": LinfBall(1.0), "seed": 0, "batch_size": 6}
    result = run_autoattack(network, images, **how, searched=Fooled(network))
    first = [("apgd-ce", 6), ("apgd-t", 5), ("fab-t", 5), ("square", 5)]
    again = [("apgd-ce", 5), ("apgd-t", 5), ("fab-t", 1), ("square", 4)]
    assert searches.asked == [*first, *again]
    assert result.correct.tolist() == [False, False, True, True, True, True]
    assert list(result.robust_after.values()) == [5, 5, 5, 5, 5, 5, 4, 4]


class Rounded(nn.Module):
    """Logits in steps, which have no gradient, on an offset beside which bf16 sees no step."""

    def __init__(self, network, offset):
        super().__init__()
        self.network, self.offset = network, offset

    def forward(self, x):
        return (self.network(x) * 4).round() / 4 + self.offset


@pytest.fixture(scope="module")
def linear(splits) -> nn.Module:
    """Quick enough for Square's five thousand queries."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    for _ in range(100):
        optimizer.zero_grad()
        logits = model(splits.train.pixels())
        nn.functional.cross_entropy(logits, splits.train.labels).backward()
        optimizer.step()
    return model.eval()


def test_what_a_copy_cannot_see_square_finds_on_the_model_itself(
    linear, splits, monkeypatch
):
    monkeypatch.setattr(autoattack, "ATTACKS", ("apgd-ce", "square"))
    known = own_images(linear, splits.test, 200)
    # To the copy all logits are the same, and the first class the prediction.
    images = known.at((known.labels == 0).nonzero()[:12, 0])
    model, ball = Rounded(linear, 4096.0), LinfBall(0.3)

    def copy(x):
        return model(x).to(torch.bfloat16).float()

    # Seen plainly, hardly an image withstands; whoever searches on the copy alone believes in most.
    plain = run_autoattack(model, images, ball=ball, seed=0, batch_size=12)
    fast = run_autoattack(
        model, images, ball=ball, seed=0, batch_size=12, searched=copy
    )
    assert plain.robust_after["square"] < 0.6 * plain.robust_after["apgd-ce"]
    assert fast.robust_after["search square"] > 1.8 * plain.robust_after["square"]
    assert int(fast.correct.sum()) <= int(plain.correct.sum()) + 1


def test_autoattack_searched_in_bf16_finds_as_many(network, splits):
    images, ball = splits.test.first(8), LinfBall(0.1)
    exact, copy = fold_batchnorm(network), fold_batchnorm(network, precision="bf16")
    plain = run_autoattack(exact, images, ball=ball, seed=0, batch_size=8)
    fast = run_autoattack(exact, images, ball=ball, seed=0, batch_size=8, searched=copy)
    assert 0 < int(plain.correct.sum()) < 8
    assert abs(int(plain.correct.sum()) - int(fast.correct.sum())) <= 1
    assert (
        fast.robust_after["search square"]
        >= fast.robust_after["apgd-ce"]
        >= int(fast.correct.sum())
    )
