"""A network taken away: trained, evaluated and exported by the user's commands, then judged without this pipeline."""

import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tools
import torch
from tools import ROOT, Done, copy_checkout, output

import sglr
from sglr.attacks.threat import LinfBall
from sglr.data import load_splits
from sglr.data.images import ImageSet
from sglr.evaluation.accuracy import correct_under_pgd
from sglr.export.weights import export, packed
from sglr.files.errors import UsageError
from sglr.files.records import digest, read_json, write_json
from sglr.models import build
from sglr.plan.plan import find_run
from sglr.plan.scale_files import load_scale

RUN = "digits-sglr-s0"
EPSILON = 0.1
SHAPE = {
    "architecture": "small_resnet",
    "num_classes": 10,
    "in_channels": 1,
    "width": 4,
    "stem_stride": 1,
}
NUM_TRAIN, NUM_ATTACKED = 1000, 24
# The smallest scale, with as many images and as small an epsilon as a network needs to be neither right nor wrong
# throughout, and one epoch, so that there is one network to attack; and a small rate for it.
CHANGES = {
    "digits, num_train: 60": f"digits, num_train: {NUM_TRAIN}",
    "epsilon: 0.15, step_size: 0.0375": f"epsilon: {EPSILON}, step_size: 0.02",
    "epochs: 4, batch_size: 50, learning_rate: 0.1": "epochs: 1, batch_size: 10, learning_rate: 0.05",
    "num_autoattack: 3": f"num_autoattack: {NUM_ATTACKED}",
}


def command(root: Path, *words: str) -> Done:
    return tools.sglr(root, *words)


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    """A checkout in which the run is trained, evaluated and exported."""
    root = tmp_path_factory.mktemp("checkout")
    copy_checkout(root)
    scale = root / "config/scales/smoke.yaml"
    for old, new in CHANGES.items():
        assert old in scale.read_text()
        scale.write_text(scale.read_text().replace(old, new))
    for name in ("train", "evaluate"):
        output(command(root, name, RUN))
    return root


@pytest.fixture(scope="module")
def exported(root) -> Path:
    done = command(root, "export", RUN)
    assert done.returncode == 0, done.stderr
    return root / done.stdout.strip()


@pytest.fixture(scope="module")
def recorded(root) -> dict:
    return read_json(root / f"results/smoke/runs/{RUN}/evaluation.json")["checkpoints"][
        "best_validation"
    ]


@pytest.fixture(scope="module")
def images() -> ImageSet:
    spec = replace(load_scale("smoke").data["digits"], num_train=NUM_TRAIN)
    return load_splits(spec, label_noise=0.0, seed=0).test


@pytest.fixture(scope="module")
def archive(images, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("images") / "images.npz"
    np.savez(path, x=images.pixels().numpy(), y=images.labels.numpy())
    return path


IN_ONE_LINE = """
import pickle, sys
import numpy, torch
from sglr import load_model
for module, name in ((torch, "load"), (pickle, "load"), (pickle, "loads"), (pickle, "Unpickler")):
    setattr(module, name, None)
model = load_model(sys.argv[1])
given = numpy.load(sys.argv[2])
right = [int(model(torch.tensor(x)[None]).argmax()) == y for x, y in zip(given["x"], given["y"])]
print(sum(right) / len(right), model.training)
"""


def test_a_fresh_interpreter_gets_the_recorded_accuracy_without_pickle(
    exported, archive, recorded, tmp_path
):
    alone = tmp_path / "weights"
    alone.write_bytes(exported.read_bytes())  # nothing else of the run is near
    words = [sys.executable, "-c", IN_ONE_LINE, str(alone), str(archive)]
    done = tools.run(ROOT, *words)
    assert done.stdout.split() == [str(recorded["natural_accuracy"]), "False"], (
        done.stderr
    )
    assert 0.3 < recorded["natural_accuracy"] < 1


def test_robustbench_gets_the_recorded_accuracies(exported, archive, recorded):
    judge = Path(__file__).with_name("robustbench_judge.py")
    words = [
        sys.executable,
        str(judge),
        str(exported),
        str(archive),
        str(EPSILON),
        str(NUM_ATTACKED),
    ]
    done = tools.run(ROOT, *words, PYTHONPATH=str(ROOT))
    assert done.returncode == 0, done.stderr
    natural, natural_of_few, robust = json.loads(done.stdout)
    assert natural == pytest.approx(recorded["natural_accuracy"], abs=1e-6)
    assert robust == pytest.approx(recorded["autoattack"]["accuracy"], abs=1e-6)
    assert 0 < robust < natural_of_few


def test_judge_gives_what_robustbench_and_the_evaluation_give(root, exported, recorded):
    output(command(root, "judge", str(exported), "--data", "digits"))
    judged = read_json(root / f"results/smoke/judged/{exported.stem}.json")
    assert judged["entry"] == {key: recorded[key] for key in judged["entry"]}
    assert judged["autoattack"] == recorded["autoattack"]["accuracy"]
    table = (root / f"results/smoke/judged/{exported.stem}.md").read_text()
    (row,) = [
        line for line in table.splitlines() if f"| {RUN} " in line and "best" in line
    ]
    assert "+0.0 [+0.0, +0.0], p = 1" in row


LOADER = """
import sys
from types import ModuleType

import pyautoattack
import torch

# It imports a package that is on no index, and downloads what is not there yet.
stub = ModuleType("autoattack")
stub.AutoAttack, stub.state = pyautoattack.AutoAttack, pyautoattack.state
sys.modules |= {"autoattack": stub, "autoattack.state": stub.state}
from robustbench import utils
del sys.modules["autoattack"], sys.modules["autoattack.state"]

from sglr.models import build


def network():
    torch.set_num_threads(1)
    zoo = utils.all_models[utils.BenchmarkDataset.cifar_10][utils.ThreatModel.Linf]
    zoo["Ours"] = {"model": lambda: build(**SHAPE, generator_seed=1), "gdrive_id": ""}
    return utils.load_model("Ours", model_dir="zoo", threat_model="Linf")
"""


def test_judge_on_robustbenchs_loader_gives_what_robustbench_gives(
    root, exported, recorded
):
    """Whose `benchmark` gives the recorded accuracies of the same weights, above."""
    folder = root / "zoo/cifar10/Linf"
    folder.mkdir(parents=True)
    weights = sglr.load_model(exported).state_dict()
    prefixed = {f"module.{name}": value for name, value in weights.items()}
    torch.save({"state_dict": prefixed}, folder / "Ours.pt")
    (root / "loader.py").write_text(f"SHAPE = {SHAPE | {'width': 8}}\n{LOADER}")
    output(command(root, "judge", "--model", "loader:network", "--data", "digits"))
    judged = read_json(root / "results/smoke/judged/loader-network.json")
    assert judged["entry"] == {key: recorded[key] for key in judged["entry"]}


def test_the_loaded_network_has_the_recorded_pgd_accuracy(exported, images, recorded):
    attack = {
        "ball": LinfBall(EPSILON),
        "step_size": 0.02,
        "num_steps": 9,
        "batch_size": 32,
    }
    correct = correct_under_pgd(sglr.load_model(exported), images, **attack)
    assert "".join(str(int(value)) for value in correct) == recorded["pgd20_correct"]


def test_the_card_says_what_was_recorded(exported, recorded):
    card = exported.with_suffix(".md").read_text()
    assert f"| sha256 of {exported.name} | {digest(exported.read_bytes())} |" in card
    for name, value in (
        ("natural", recorded["natural_accuracy"]),
        ("PGD-9", recorded["pgd20_accuracy"]),
    ):
        assert f"| {name} accuracy | {100 * value:.2f}% of 70 test images |" in card
    assert (
        f"| AutoAttack accuracy | {100 * recorded['autoattack']['accuracy']:.2f}% of {NUM_ATTACKED} test images |"
        in card
    )
    settings = json.loads(re.search(r"```json\n(.*)```", card, flags=re.S)[1])[
        "run_settings"
    ]
    assert (
        settings["settings"]["r"] == 0.2 and settings["data"]["num_train"] == NUM_TRAIN
    )


def test_another_checkpoint_is_another_file(root, exported):
    before = exported.read_bytes()
    final = root / command(root, "export", RUN, "--checkpoint", "final").stdout.strip()
    assert final.name == f"{RUN}-final.safetensors"
    assert exported.read_bytes() == before != final.read_bytes()


def test_the_same_network_is_the_same_bytes():
    network = build(**SHAPE, generator_seed=0)
    assert (
        len(
            {
                packed(network.state_dict(), SHAPE, {"run": RUN, "checkpoint": "final"})
                for _ in range(9)
            }
        )
        == 1
    )


class Stub:
    """A finished training as far as `export` looks: three checkpoints of other weights, the final one evaluated."""

    scale = load_scale("smoke")
    run, shape = find_run(RUN, scale), SHAPE
    manifest = {"run": RUN} | {
        name: {"sha256": name, "epoch": 1}
        for name in ("best", "best_validation", "final")
    }

    def __init__(self, folder: Path):
        self.folder = folder

    def evaluated_as(self, sha256: str) -> None:
        write_json(
            self.folder / "evaluation.json",
            {
                "checkpoints": {
                    "final": {
                        "sha256": sha256,
                        "num_images": 1,
                        "natural_accuracy": 1.0,
                        "pgd20_accuracy": 1.0,
                        "pgd20_correct": "1",
                        "autoattack": None,
                    }
                }
            },
        )

    def network(self, name: str) -> torch.nn.Module:
        return build(**SHAPE, generator_seed=list(self.manifest).index(name) - 1)


def test_a_training_that_was_not_evaluated_is_not_exported(tmp_path):
    finished = Stub(tmp_path)
    with pytest.raises(UsageError, match="evaluate it first"):
        export(finished, "final", tmp_path)
    # As of published networks that were put back: no best_validation is among them.
    finished.evaluated_as("final")
    with pytest.raises(UsageError, match="of final alone; name one with --checkpoint"):
        export(finished, "best_validation", tmp_path)
    finished.evaluated_as("other weights")
    with pytest.raises(UsageError, match="sglr evaluate"):
        export(finished, "final", tmp_path)


def test_the_weights_are_the_checkpoints(tmp_path, monkeypatch):
    monkeypatch.setattr("sglr.export.weights.model_card", lambda *_: "")
    monkeypatch.setattr("sglr.export.weights.model_info", lambda *_: {})
    monkeypatch.setattr("sglr.export.weights.flags", lambda _: [])
    finished = Stub(tmp_path)
    finished.evaluated_as("final")
    found = sglr.load_model(export(finished, "final", tmp_path)).state_dict()
    assert all(
        torch.equal(found[name], value)
        for name, value in finished.network("final").state_dict().items()
    )


def changed(content: bytes, old: bytes, new: bytes) -> bytes:
    assert content.count(old) == 1 and len(old) == len(new)
    return content.replace(old, new)


DAMAGE = {
    "cut short": (lambda content: content[:-5], "damaged"),
    "one bit of a weight": (
        lambda content: content[:-1] + bytes([content[-1] ^ 1]),
        "its checksum",
    ),
    "another network": (
        lambda content: changed(content, b'stem_stride\\": 1', b'stem_stride\\": 2'),
        "its checksum",
    ),
    "another format": (
        lambda content: changed(content, b'\\"format\\": 1', b'\\"format\\": 2'),
        "this version",
    ),
    "another program's": (
        lambda content: changed(content, b'"sglr":', b'"glsr":'),
        "this version",
    ),
    "no safetensors": (lambda content: b"weights", "no safetensors file"),
    "empty": (lambda content: b"", "no safetensors file"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_another_or_a_damaged_file_is_one_clear_line(name, tmp_path):
    spoil, expected = DAMAGE[name]
    network = build(**SHAPE, generator_seed=1)
    content = packed(network.state_dict(), SHAPE, {"run": RUN, "checkpoint": "final"})
    path = tmp_path / "weights.safetensors"
    path.write_bytes(content)
    assert torch.equal(
        sglr.load_model(path).classifier.weight, network.classifier.weight
    )
    path.write_bytes(spoil(content))
    with pytest.raises(UsageError, match=expected) as error:
        sglr.load_model(path)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_a_missing_file_and_a_folder_are_one_clear_line(tmp_path):
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(UsageError, match=re.escape(str(path))):
            sglr.load_model(path)


def test_the_package_imports_no_torch_until_it_is_asked_for_a_model():
    code = "import sys, sglr; sglr.load_model; sys.exit('torch' in sys.modules)"
    output(tools.run(ROOT, sys.executable, "-c", code))
