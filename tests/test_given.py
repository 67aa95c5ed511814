"""Strangers' modules as they come: what can be judged gives a plain loop's numbers, the rest is one line."""

import threading

import pytest
import torch
from test_judge import Lambda
from tools import one_line, run, sglr_words
from torch import nn

import sglr
from sglr.data import load_splits
from sglr.data.images import ImageSet, Splits
from sglr.engine.underway import Underway
from sglr.engine.weights import packed
from sglr.evaluation import judge as judging
from sglr.evaluation.bench import Measured
from sglr.evaluation.kept import Files
from sglr.files.errors import UsageError
from sglr.models import build
from sglr.models.foreign import fill, read_weights
from sglr.plan.scale_files import load_scale

SCALE = load_scale(
    "smoke+attack.epsilon=0.05+attack.step_size=0.0125+data.digits.num_train=200"
)


class Tutorial(nn.Module):
    """What everybody writes first: none of this package's blocks, and `view` after a convolution."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(1, 12, 3, padding=1), nn.BatchNorm2d(12)
        self.linear = nn.Linear(12 * 16, 10)

    def forward(self, x):
        x = torch.max_pool2d(torch.relu(self.norm(self.conv(x))), 2)
        return self.linear(x.view(x.size(0), -1))


@pytest.fixture(scope="module")
def trained(splits: Splits) -> nn.Module:
    torch.manual_seed(0)
    network, train = Tutorial(), splits.train
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
    for _ in range(40):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(network(train.pixels()), train.labels)
        loss.backward()
        optimizer.step()
    optimizer.zero_grad()
    return network.eval()


class InAList(nn.Module):
    """A network that torch does not see: no parameter is registered."""

    def __init__(self, network):
        super().__init__()
        self.networks = [network]

    def forward(self, x):
        return self.networks[0](x)


class Odd(Lambda):
    """With a head that nothing uses, a whole number as a parameter, a buffer without memory of its own."""

    def __init__(self, network):
        super().__init__(network)
        self.count = nn.Parameter(torch.tensor(3, dtype=torch.int8), False)
        self.register_buffer("mean", torch.zeros(1).expand(3))
        self.head = nn.Linear(3, 3)

    def train(self, mode=True):  # as of a frozen BatchNorm
        super().train(mode)


class Keyword(Lambda):
    def forward(self, x):
        conv, norm, linear = self.network.children()
        x = torch.max_pool2d(torch.relu(norm(conv(x))), 2)
        return linear(input=x.flatten(1))


def images() -> ImageSet:
    return load_splits(SCALE.data["digits"], label_noise=0.0, seed=0).test


JUDGED = {
    "view": lambda n: n,
    "in place": lambda n: Lambda(n, before=lambda x: x.sub_(0.1).add_(0.1)),
    "fp64": lambda n: Lambda(n, after=lambda z: z.double()),
    "half": lambda n: Lambda(n, after=lambda z: z.half()),
    "in a list": InAList,
    "odd": Odd,
    "by keyword": Keyword,
    "script": torch.jit.script,
    "traced": lambda n: torch.jit.trace(n, torch.rand(2, 1, 8, 8)),
    "tiny": lambda n: Lambda(n, after=lambda z: z * 1e-5),
}


def judged(model, **options):
    return sglr.judge(model, "digits", scale=SCALE, autoattack=False, **options)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", JUDGED)
def test_what_can_be_judged_has_a_plain_loops_accuracy(name, trained):
    model, test = JUDGED[name](trained), images()
    model.eval()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    found = judged(model)
    with torch.no_grad():
        right = model(test.pixels()).argmax(1) == test.labels
    assert found.natural == right.double().mean().item() > 0.5
    assert found.pgd < found.natural and found.warnings == []
    assert (found.gradient_norm is None) == (name == "in a list")
    after = model.state_dict()
    assert all(torch.equal(value, after[key]) for key, value in before.items())
    assert all(each.grad is None for each in model.parameters())


def test_autoattack_takes_any_precision(trained):
    few = load_scale(f"{SCALE.name}+measurement.num_autoattack=1")
    double = Lambda(trained, after=lambda z: z.double())
    assert sglr.judge(double, "digits", scale=few).autoattack is not None


@pytest.mark.parametrize("mode", [torch.inference_mode, torch.no_grad])
def test_gradients_that_the_caller_has_switched_off_are_taken(mode, trained):
    with mode():
        found = judged(trained)
        loaded = judged(Lambda(trained))
        assert not torch.is_grad_enabled()
    assert found.entry == loaded.entry == judged(trained).entry


class Locked(Lambda):
    def __init__(self, network):
        super().__init__(network)
        self.lock = threading.Lock()


REFUSED = {
    "a function": (lambda n: torch.relu, "a network is an nn.Module, got a builtin"),
    "lazy": (lambda n: nn.Sequential(nn.LazyLinear(10)), "0.weight has no values yet"),
    "meta": (lambda n: Tutorial().to("meta"), "conv.weight has no values yet"),
    "a lock": (Locked, "cannot be copied and put in eval mode, TypeError"),
    "one batch size": (
        lambda n: Lambda(n, before=lambda x: x if len(x) < 20 else x.fail),
        "does not take float32 images of 1 x 8 x 8, 32 at once",
    ),
    "rounded probabilities": (
        lambda n: Lambda(n, after=lambda z: z.softmax(1).half()),
        "the outputs are probabilities",
    ),
    "tiny and randomised": (
        lambda n: Lambda(n, lambda x: x * torch.bernoulli(x * 0 + 0.8), _tiny),
        "randomised",
    ),
    "tiny and of the batch": (
        lambda n: Lambda(n, after=lambda z: _tiny(z + z.mean(0))),
        "change with the images beside it",
    ),
}


def _tiny(logits):
    return logits * 1e-5


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_is_one_line(name, trained):
    spoil, message = REFUSED[name]
    with pytest.raises(UsageError) as error:
        judged(spoil(trained))
    assert message in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("normalise", [[0.5, 0.5, 0.5], ([0.5], [-1.0]), ([0.5], [0])])
def test_a_normalisation_that_is_none_is_one_line(normalise, trained):
    with pytest.raises(UsageError, match="normalise"):
        judged(trained, normalise=normalise)


def test_a_normalisation_of_bytes_is_named(trained):
    expects = Lambda(trained, before=lambda x: x * 0.4 + 0.3).eval()
    assert judged(expects, normalise=([0.3], [0.4])).natural > 0.5
    with pytest.raises(UsageError, match="divide MEAN and STD by 255"):
        judged(expects, normalise=([76.5], [102.0]))


def test_a_sigmoid_is_warned_of(trained):
    (said,) = judged(Lambda(trained, after=lambda z: z.sigmoid()).eval()).warnings
    assert "all outputs lie in [0, 1]" in said


def test_what_goes_on_is_the_same_function_of_the_same_weights(trained, monkeypatch):
    keys = []

    class Seen(Underway):
        def __init__(self, folder, settings):
            super().__init__(folder, settings)
            keys.append(self.key)

    monkeypatch.setattr(judging, "Underway", Seen)
    for network in (
        Lambda(trained),
        Lambda(trained),
        Lambda(trained, after=lambda z: z.roll(1, 1)),
        Lambda(trained, after=lambda z: z.detach() + 2 * (z - z.detach())),
        InAList(trained),
        InAList(Tutorial().eval()),
    ):
        judged(network)
    assert keys[0] == keys[1] and len(set(keys)) == 5


def test_what_another_of_the_name_has_left_does_not_stay(tmp_path, splits):
    left = [tmp_path / "m.log", tmp_path / "m-adversarial.safetensors"]
    for path in left:
        path.touch()
    Files(tmp_path, "m", keep_images=True).write(Measured({}, None, {}), splits.test)
    assert not any(path.exists() for path in left)


FILES = {
    "several": (
        lambda s: {"model": s, "model_ema": s},
        "holds several networks, model, model_ema",
    ),
    "numbered": (lambda s: dict(enumerate(s.values())), "no state dict in it"),
    "quantised": (
        lambda s: {key: value.to(torch.int8) for key, value in s.items()},
        "is torch.int8 there",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_weights_of_which_nothing_can_be_known_are_one_line(name, trained, tmp_path):
    make, message = FILES[name]
    torch.save(make(trained.state_dict()), tmp_path / "w.pt")
    with pytest.raises(UsageError, match=message):
        fill(Tutorial(), read_weights(tmp_path / "w.pt"), "w.pt")


def test_a_torchscript_archive_and_a_safetensors_file_of_another_ending(
    trained, tmp_path
):
    torch.jit.script(trained).save(str(tmp_path / "w.pt"))
    with pytest.raises(UsageError, match="a TorchScript archive"):
        read_weights(tmp_path / "w.pt")
    (tmp_path / "w.bin").write_bytes(packed(trained.state_dict(), {}, {}))
    assert read_weights(tmp_path / "w.bin").keys() == trained.state_dict().keys()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("", "--model", "theirs:Net"), "give WEIGHTS, --model"),
        (("--model", "theirs:leaves"), "theirs:leaves: SystemExit"),
        (("--model", "theirs:net", "--keep-images", "--no-autoattack"), "keeps what"),
    ],
)
def test_a_command_that_would_judge_nothing_is_one_line(words, message, tmp_path):
    (tmp_path / "theirs.py").write_text(
        "import sys\n\ndef leaves():\n    sys.exit(0)\n"
    )
    done = run(tmp_path, *sglr_words("judge", *words, "--data", "digits"))
    assert one_line(done, message), done.stderr


def test_a_loaded_network_is_exported_and_mapped(tmp_path):
    """Its look at the pixels takes their values, which there are none of then."""
    names = ("architecture", "num_classes", "in_channels", "width", "stem_stride")
    shape = dict(zip(names, ("small_resnet", 10, 1, 8, 1), strict=True))
    state, path = build("small_resnet", 10, 1, 8, 0).state_dict(), tmp_path / "w"
    path.write_bytes(packed(state, shape, {}))
    network, x = sglr.load_model(path), torch.rand(3, 1, 8, 8)
    with torch.no_grad():
        expected = network(x)
        each = torch.func.vmap(lambda image: network(image[None])[0])(x)
    assert torch.allclose(each, expected, atol=1e-5)
    for strict in (False, True):
        program = torch.export.export(network, (x,), strict=strict)
        assert torch.allclose(program.module()(x), expected, atol=1e-5)
    with pytest.raises(UsageError, match="must lie in"):
        network(x + 1)


@pytest.mark.parametrize("shape", [{"width": 16}, {"width": "8"}, {"depth": 3}, None])
def test_a_published_file_of_another_network_is_one_line(tmp_path, shape):
    names = ("architecture", "num_classes", "in_channels", "width")
    own = dict(zip(names, ("small_resnet", 10, 1, 8), strict=True)) | {"stem_stride": 1}
    state = build("small_resnet", 10, 1, 8, 0).state_dict()
    path = tmp_path / "w.safetensors"
    path.write_bytes(packed(state, own, {}))
    network = sglr.load_model(path)
    assert network(x=torch.rand(2, 1, 8, 8)).shape == (2, 10)
    assert network(torch.rand(0, 1, 8, 8)).shape == (0, 10)
    with pytest.raises(UsageError, match="must lie in"):
        network(torch.full((2, 1, 8, 8), torch.nan))
    path.write_bytes(packed(state, own | shape if shape else {}, {}))
    with pytest.raises(UsageError, match="not of the network in its header"):
        sglr.load_model(path)
