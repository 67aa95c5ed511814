"""A stranger's network on the bench: it gives what our own evaluation gives, and what it trips over is one line."""

import json
from argparse import ArgumentParser
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from tools import one_line, output, run, sglr_words
from torch import nn
from torch.nn import functional as F

import sglr
from sglr.attacks.threat import LinfBall
from sglr.commands.judge import add_arguments, judge
from sglr.evaluation.accuracy import correct_natural, correct_under_pgd
from sglr.evaluation.bench import Bench
from sglr.evaluation.confidence import confidence_summary
from sglr.evaluation.features import penultimate_features, separability
from sglr.files.errors import UsageError
from sglr.models import build
from sglr.models.folding import fold_batchnorm
from sglr.models.foreign import fill, read_weights
from sglr.plan.plan_files import load_plan
from sglr.plan.scale_files import load_scale

SCALE = load_scale("digits+attack.epsilon=0.05+attack.step_size=0.0125")
SHAPE = ("small_resnet", 10, 1, 8, 1)


def judged(model: nn.Module, **options):
    return sglr.judge(model, "digits", scale=SCALE, autoattack=False, **options)


@pytest.fixture(scope="module")
def found(network):
    return judged(network)


def test_a_network_is_judged_as_ours_are(network, splits, found):
    folded, test, attack = fold_batchnorm(network), splits.test, SCALE.attack
    pgd = {
        "ball": LinfBall(attack.epsilon),
        "step_size": attack.step_size,
        "num_steps": attack.test_steps,
        "batch_size": SCALE.measurement.batch_size,
    }
    natural, robust = (
        correct_natural(folded, test, 100),
        correct_under_pgd(folded, test, **pgd),
    )
    assert found.natural == natural.double().mean().item() > 0.5
    assert found.pgd == robust.double().mean().item() < found.natural
    classes = [
        robust[test.labels == label].double().mean().item() for label in range(10)
    ]
    assert found.per_class == classes
    features = penultimate_features(network, test.pixels(), 100)
    theirs = separability(features, test.labels)
    assert found.separability == pytest.approx(theirs, rel=1e-4)
    with torch.no_grad():
        summary = confidence_summary(network(test.pixels()), test.labels, "natural")
    assert found.confidence["natural_ece"] == pytest.approx(
        summary["natural_ece"], abs=1e-4
    )
    assert found.autoattack is None and found.unchecked == ["AutoAttack", "Square"]


class Wrapped(nn.Module):
    """A user's own module: another name, constants of its own, images that it shifts and scales back."""

    def __init__(self, inner: nn.Module | None = None):
        super().__init__()
        self.register_buffer("shift", torch.zeros(1))
        self.inner = inner or build(*SHAPE[:4], generator_seed=9)

    def forward(self, x):
        return self.inner(x + self.shift)


def test_the_same_network_in_any_clothes_is_the_same(network, found, tmp_path):
    state = network.state_dict()
    paths = {
        name: tmp_path / name
        for name in ("plain.pt", "parallel.pth", "inside.pt", "x.safetensors")
    }
    torch.save(state, paths["plain.pt"])
    torch.save(
        {f"module.{key}": value for key, value in state.items()}, paths["parallel.pth"]
    )
    torch.save(
        {
            "epoch": 3,
            "state_dict": {f"model.{key}": value for key, value in state.items()},
        },
        paths["inside.pt"],
    )
    save_file(
        {key: value.contiguous() for key, value in state.items()},
        paths["x.safetensors"],
    )
    for path in paths.values():
        for empty in (build(*SHAPE[:4], generator_seed=5), Wrapped()):
            fill(empty, read_weights(path), str(path))
            inner = empty.inner if isinstance(empty, Wrapped) else empty
            assert all(
                torch.equal(value, state[key])
                for key, value in inner.state_dict().items()
            )
    again = judged(Wrapped(network))
    assert again.entry == found.entry and again.gradient_norm == pytest.approx(
        found.gradient_norm, rel=1e-5
    )


class Lambda(nn.Module):
    """The network, with something done to its images or logits."""

    def __init__(self, network, before=lambda x: x, after=lambda logits: logits):
        super().__init__()
        self.network, self.before, self.after = network, before, after

    def forward(self, x):
        return self.after(self.network(self.before(x)))


class Batchwise(nn.Module):
    """The network, its logits shifted by the batch's mean."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        logits = self.network(x)
        return logits + logits.mean(0)


REFUSED = {
    "probabilities": (
        lambda n: Lambda(n, after=lambda z: z.softmax(1)),
        "the outputs are probabilities",
    ),
    "randomised": (
        lambda n: Lambda(n, lambda x: x + 0.3 * torch.randn_like(x)),
        "randomised",
    ),
    "dropout": (lambda n: Lambda(n, after=lambda z: F.dropout(z, 0.5)), "randomised"),
    "of the batch": (Batchwise, "change with the images beside it"),
    "of the first": (
        lambda n: Lambda(n, after=lambda z: z[:1].expand(len(z), -1)),
        "change with the images beside it",
    ),
    "classes": (
        lambda n: Lambda(n, after=lambda z: z[:, :7]),
        "7 classes, the data 10",
    ),
    "channels": (
        lambda n: build("small_resnet", 10, 3, 4, 0),
        "does not take float32 images of 1 x 8 x 8",
    ),
    "a tuple": (
        lambda n: Lambda(n, after=lambda z: (z, z)),
        "returns tuple, not logits",
    ),
    "a map": (lambda n: Lambda(n, after=lambda z: z[:, :, None]), "not logits (N, 10)"),
    "not finite": (lambda n: Lambda(n, after=lambda z: z / 0), "not finite"),
    "a step": (lambda n: Lambda(n, lambda x: (x * 16).round() / 16), "zero throughout"),
    "detached": (
        lambda n: Lambda(n, after=lambda z: z.detach()),
        "no gradient with respect to the images",
    ),
    "normalised": (
        lambda n: Lambda(n, lambda x: x * 0.4 + 0.3),
        "on normalised ones: --normalise 0.3",
    ),
    "0 to 255": (
        lambda n: Lambda(n, lambda x: x / 255),
        "on pixels of 0 to 255: --normalise 0 0.00392157",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_mean_nothing_is_refused_in_one_line(name, network):
    spoil, message = REFUSED[name]
    with pytest.raises(UsageError) as error:
        judged(spoil(network).eval())
    assert message in str(error.value) and "\n" not in str(error.value)


def test_normalised_twice_is_refused_and_once_is_right(network, found):
    mean, std = [0.3], [0.4]
    expects = Lambda(network, lambda x: x * 0.4 + 0.3).eval()
    assert judged(expects, normalise=(mean, std)).natural == pytest.approx(
        found.natural, abs=0.01
    )
    with pytest.raises(UsageError, match="without --normalise"):
        judged(network, normalise=([0.9], [0.1]))


def test_train_mode_is_said_and_left_as_it_was(network, found):
    model = build(*SHAPE[:4], generator_seed=0)
    model.load_state_dict(network.state_dict())
    before = {key: value.clone() for key, value in model.state_dict().items()}
    again = judged(model.train())
    assert again.warnings == ["given in train mode; judged in eval mode"]
    assert again.entry == found.entry and model.training
    assert all(
        torch.equal(before[key], value) for key, value in model.state_dict().items()
    )
    assert all(p.grad is None for p in model.parameters())


WRONG_FILES = {
    "other names": (
        lambda s: {f"layer{i}": v for i, v in enumerate(s.values())},
        "none of its",
    ),
    "one missing": (
        lambda s: dict(list(s.items())[1:]),
        "it has no value for the network's trunk.0.conv.weight",
    ),
    "one more": (
        lambda s: s | {"normalize.mean": torch.zeros(3)},
        "no place in the network for normalize.mean",
    ),
    "another width": (
        lambda s: build("small_resnet", 10, 1, 4, 0).state_dict(),
        "there and (8, 1, 3, 3) in the network; another --set network.width=",
    ),
    "a list": (lambda s: list(s.values()), "holds a list, not a state dict"),
    "no tensors": (lambda s: {"epoch": 3}, "no state dict in it; its keys: epoch"),
    "objects": (lambda s: {"state_dict": s, "args": Path()}, "holds more than tensors"),
}


@pytest.mark.parametrize("name", WRONG_FILES)
def test_weights_that_do_not_fit_are_one_line(name, network, tmp_path):
    make, message = WRONG_FILES[name]
    path = tmp_path / "weights.pt"
    torch.save(make(network.state_dict()), path)
    with pytest.raises(UsageError) as error:
        fill(build(*SHAPE[:4], generator_seed=0), read_weights(path), str(path))
    assert message in str(error.value) and str(path) in str(error.value)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"weights", bytes(100)])
@pytest.mark.parametrize("ending", ["pt", "safetensors"])
def test_a_file_of_no_weights_is_one_line(content, ending, tmp_path):
    path = tmp_path / f"weights.{ending}"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="damaged"):
        read_weights(path)


def command(folder: Path, *words: object):
    given = sglr_words("judge", *words, "--data", "digits", scale="smoke")
    return run(folder, *given)


def test_the_command_writes_a_row_beside_the_scales_runs(tmp_path):
    module = "from sglr.models import build\ndef mine(): return build('small_resnet', 10, 1, 4, 3).eval()\n"
    (tmp_path / "mine.py").write_text(module)
    torch.save(build("small_resnet", 10, 1, 4, 3).state_dict(), tmp_path / "w.pt")
    said = output(command(tmp_path, "w.pt", "--model", "mine:mine", "--keep-images"))
    folder = tmp_path / "results/smoke/judged"
    record = json.loads((folder / "w.json").read_text())
    assert f"PGD-9 {record['pgd']:.2%} of 70 images" in said
    assert (folder / "w.md").read_text() in said
    assert sum(map(int, record["entry"]["pgd20_correct"])) == round(70 * record["pgd"])
    assert {path.name for path in folder.iterdir()} == {
        "w.json",
        "w.md",
        "w.log",
        "w-adversarial.safetensors",
    }
    assert one_line(command(tmp_path, "w.pt"), "give --architecture or --model")
    assert "replaced" not in said
    torch.save(build("small_resnet", 10, 1, 4, 5).state_dict(), tmp_path / "w.pt")
    words = ("w.pt", "--model", "mine:mine", "--no-autoattack")
    assert "w.json was of another network, or of other images" in output(
        command(tmp_path, *words)
    )
    assert not (folder / "w.log").exists()
    assert "replaced" not in output(command(tmp_path, *words))
    (folder / "w.json").write_text('{"entry": []}')
    assert "is replaced" in output(command(tmp_path, *words))
    of_another = (folder / "w.json").read_text().replace('"digits"', '"cifar10"')
    (folder / "w.json").write_text(of_another)
    assert one_line(command(tmp_path, *words), "w.json is of cifar10: give this one")
    assert "v on digits" in output(command(tmp_path, *words, "--name", "v"))
    assert json.loads((folder / "v.json").read_text())["data"] == "digits"
    assert (folder / "w.json").read_text() == of_another


def test_killed_before_its_record_is_written_it_goes_on(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save(build("small_resnet", 10, 1, 8, 3).state_dict(), "w.pt")
    parser = ArgumentParser()
    add_arguments(parser)
    words = ["w.pt", "--architecture", "small_resnet", "--data", "digits"]
    parser.set_defaults(results=Path())
    arguments, measured = parser.parse_args(words), []
    honest = Bench._fast
    monkeypatch.setattr(
        Bench, "_fast", lambda *given: measured.append(1) or honest(*given)
    )
    with monkeypatch.context() as killed:
        killed.setattr("sglr.commands.judge.write_json", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            judge(arguments, load_plan("smoke"))
    assert not Path("smoke/judged/w.json").exists()
    judge(arguments, load_plan("smoke"))
    assert Path("smoke/judged/w.json").exists() and measured == [1]
    assert not Path("smoke/judged/w.underway").exists()


SMALL = ["w.pt", "--architecture", "small_resnet"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["w.pt", "--architecture", "resnet18"], "no place in the network for"),
        (["--model", "math:nothing"], "AttributeError"),
        (["--model", "math.tau"], "takes module:callable, got 'math.tau'"),
        (["--model", "math:"], "takes module:callable"),
        (["--model", "builtins:dict"], "returns a dict, not an nn.Module"),
        (["nowhere.pt", "--architecture", "small_resnet"], "nowhere.pt: no such file"),
        (["w.pt", "--normalise", "a", "1"], "takes numbers, a comma between"),
        (SMALL + ["--normalise", "0", "0"], "STD must be above 0"),
        ([], "give WEIGHTS"),
        (["w.pt", "--data", "cifar"], "unknown data set 'cifar'"),
    ],
)
def test_a_wrong_command_is_one_line(words, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save(build(*SHAPE[:4], generator_seed=0).state_dict(), "w.pt")
    parser = ArgumentParser()
    add_arguments(parser)
    parser.set_defaults(results=tmp_path)
    arguments = parser.parse_args(
        words if "--data" in words else [*words, "--data", "digits"]
    )
    with pytest.raises(UsageError, match=message):
        judge(arguments, load_plan("smoke"))


def test_images_that_are_no_pixels_are_refused(tmp_path, network):
    from sglr.engine.weights import packed

    shape = dict(
        zip(
            ("architecture", "num_classes", "in_channels", "width", "stem_stride"),
            SHAPE,
            strict=True,
        )
    )
    (tmp_path / "n.safetensors").write_bytes(packed(network.state_dict(), shape, {}))
    model = sglr.load_model(tmp_path / "n.safetensors")
    x = torch.rand(2, 1, 8, 8)
    assert torch.equal(model(x), network(x))
    for wrong, message in (
        ((x * 255).byte(), "divide pixels"),
        (x * 255, "got values within"),
        (x - 0.5, "not normalised"),
        (x.fill_(1 + 2**-9), r"got values within \[1.001953125, 1.001953125\]"),
    ):
        with pytest.raises(UsageError, match=message):
            model(wrong)
