"""The networks that come with the repository: those of the committed runs, with their numbers, read anywhere."""

import json
import math
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from huggingface_hub import ModelCard
from safetensors.torch import load_file, save_file
from tools import ROOT, one_line, output, run, sglr_words, snakemake
from torch import nn

import sglr
from sglr.data import load_splits
from sglr.engine.weights import load_weights
from sglr.evaluation.bench import bits
from sglr.files.errors import UsageError
from sglr.files.published import NETWORKS, published
from sglr.files.records import digest, read_json
from sglr.plan.scale_files import load_scale

METHODS = ("at", "sglr", "sglr_released")
NAMES = sorted(
    f"mini/cifar10-{name}-s0-{end}" for name in METHODS for end in ("best", "final")
)
RUN = "cifar10-sglr_released-s0"
# Two full batches of the committed evaluation's images, so that every bit can be compared.
FEW = load_scale("mini+data.cifar10.num_test=500")


def file_of(name: str, ending: str = "safetensors") -> Path:
    return NETWORKS / f"{name}.{ending}"


def committed(name: str, file: str) -> dict:
    run_id = Path(name).name.rpartition("-")[0]
    return read_json(ROOT / "results/mini/runs" / run_id / file)


def entry_of(name: str) -> dict:
    return committed(name, "evaluation.json")["checkpoints"][name.rpartition("-")[2]]


def test_these_six_are_published_and_small():
    assert sorted(published()) == NAMES
    files = [path for path in NETWORKS.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 20 * 10**6
    said = output(run(ROOT, *sglr_words("models")))
    assert [line.split()[0] for line in said.splitlines()] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_card_and_entry_say_what_is_committed(name):
    entry, info = entry_of(name), read_json(file_of(name, "json"))
    card = ModelCard.load(file_of(name, "md")).data
    values = {each.metric_name: each.metric_value for each in card.eval_results or []}
    expected = {
        "natural accuracy": entry["natural_accuracy"],
        "PGD-20 accuracy": entry["pgd20_accuracy"],
        "AutoAttack accuracy": entry["autoattack"]["accuracy"],
    }
    assert values == expected and card.license == "mit" and card.datasets == ["cifar10"]
    assert info["clean_acc"] == f"{100 * entry['natural_accuracy']:.2f}"
    assert info["autoattack_acc"] == f"{100 * expected['AutoAttack accuracy']:.2f}"
    assert info["sglr"]["sha256"] == digest(file_of(name).read_bytes())
    assert (info["eps"], info["dataset"], info["unreliable"]) == (
        "8/255",
        "cifar10",
        False,
    )


@pytest.mark.parametrize("method", METHODS)
def test_restored_checkpoints_have_the_sha256_of_the_trainings_own(method, tmp_path):
    run_id = f"cifar10-{method}-s0"
    words = sglr_words("restore", run_id, "--results", tmp_path, scale="mini")
    output(run(ROOT, *words))
    folder = tmp_path / "mini/runs" / run_id
    manifest = committed(f"mini/{run_id}-best", "manifest.json")
    for name in ("best", "final"):
        # Whoever evaluates a training compares the sha256 in the same way.
        load_weights(folder / f"{name}.safetensors", manifest[name]["sha256"])
    assert read_json(folder / "manifest.json") == manifest
    assert read_json(folder / "published.json") == {"checkpoints": ["final", "best"]}


def natural_bits(model: nn.Module, splits) -> str:
    with torch.no_grad():
        right = model(splits.test.pixels()).argmax(1) == splits.test.labels
    return bits(right)


@pytest.fixture(scope="module")
def judged():
    model = sglr.load_model(f"mini/{RUN}")
    return sglr.judge(model, "cifar10", scale=FEW, autoattack=False)


def test_a_published_network_has_its_committed_answers_image_by_image(judged):
    entry = entry_of(f"mini/{RUN}-final")
    assert judged.entry["pgd20_correct"] == entry["pgd20_correct"][:500]
    assert 0.1 < judged.pgd < judged.natural


def test_robustbenchs_benchmark_gives_a_published_network_what_judge_gives(tmp_path):
    """Natural accuracy on 100 images, AutoAttack on the first few."""
    name, count = f"mini/{RUN}-best", 4
    few = f"data.cifar10.num_test=100+measurement.num_autoattack={count}"
    scale = load_scale(f"mini+measurement.num_gradient=10+{few}")
    test = load_splits(scale.data["cifar10"], label_noise=0.0, seed=0).test
    archive = tmp_path / "images.npz"
    np.savez(archive, x=test.pixels().numpy(), y=test.labels.numpy())
    judge = Path(__file__).with_name("robustbench_judge.py")
    words = (sys.executable, judge, name, archive, scale.attack.epsilon, count)
    done = run(ROOT, *words, PYTHONPATH=str(ROOT))
    assert done.returncode == 0, done.stderr
    found = sglr.judge(sglr.load_model(name), "cifar10", scale=scale)
    natural, _, robust = json.loads(done.stdout)
    assert natural == pytest.approx(found.natural, abs=1e-6)
    assert robust == pytest.approx(found.autoattack, abs=1e-6)
    assert 0 < robust < natural


def test_it_has_them_renamed_prefixed_and_wrapped(judged, tmp_path, monkeypatch):
    from sglr.models import build
    from sglr.models.foreign import fill, read_weights

    weights = load_file(file_of(f"mini/{RUN}-final"))
    shutil.copy(file_of(f"mini/{RUN}-final"), tmp_path / "renamed.safetensors")
    torch.save(
        {"state_dict": {f"module.{key}": value for key, value in weights.items()}},
        tmp_path / "w.pt",
    )
    save_file(weights, tmp_path / "plain.safetensors")
    pixels = torch.rand(8, 3, 32, 32)
    expected = sglr.load_model(f"mini/{RUN}")(pixels)
    assert torch.equal(
        sglr.load_model(tmp_path / "renamed.safetensors")(pixels), expected
    )
    for file in ("w.pt", "plain.safetensors"):
        for wrap in (lambda net: net, nn.Sequential):
            network = wrap(build("resnet18", 10, 3, 16, 0, stem_stride=2)).eval()
            fill(network, read_weights(tmp_path / file), file)
            assert torch.equal(network(pixels), expected)


def test_snakemake_evaluates_published_networks_instead_of_training(tmp_path):
    target = f"results/mini/runs/{RUN}/evaluation.json"
    words = ("--config", "pretrained=true", "-n", "--", target)
    said = output(snakemake(tmp_path, *words))
    jobs = dict(re.findall(r"^(train|restore|evaluate) +(\d+)$", said, flags=re.M))
    assert jobs == {"restore": "1", "evaluate": "1"}
    other = target.replace("-s0", "-s1")  # of which none is published
    for plain in (
        snakemake(tmp_path, "-n", "-p", "--", target),
        snakemake(tmp_path, "-p", *words[:-1], other),
    ):
        assert "sglr train cifar10" in output(plain) and "restore" not in output(plain)
    output(
        snakemake(tmp_path, *words[:2], "--", target.replace("evaluation", "published"))
    )
    folder = (tmp_path / target).parent
    load_model = sglr.load_model  # what is evaluated is what is published
    for name in ("best", "final"):
        one = load_model(folder / f"{name}.safetensors").state_dict()
        other_one = load_model(f"mini/{RUN}-{name}").state_dict()
        assert all(torch.equal(one[key], other_one[key]) for key in one)


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest: manifest.pop("engine"),
        lambda manifest: manifest["engine"].pop("channels_last"),
        lambda manifest: manifest["best"].update(epoch=31),
    ],
)
def test_nothing_is_restored_beside_another_manifest(change, tmp_path):
    manifest = committed(f"mini/{RUN}-best", "manifest.json")
    change(manifest)
    (tmp_path / f"mini/runs/{RUN}").mkdir(parents=True)
    (tmp_path / f"mini/runs/{RUN}/manifest.json").write_text(json.dumps(manifest))
    words = sglr_words("restore", RUN, "--results", tmp_path, scale="mini")
    assert one_line(run(ROOT, *words), "manifest.json")
    assert not (tmp_path / f"mini/runs/{RUN}/best.safetensors").exists()


@pytest.mark.parametrize("key", ["sglr", "clean_acc", "eps"])
@pytest.mark.parametrize("value", [None, math.nan, [], {}, True])
def test_a_damaged_entry_of_a_published_network_is_one_line(
    key, value, tmp_path, monkeypatch
):
    info = read_json(file_of(NAMES[0], "json"))
    (tmp_path / "mini").mkdir()
    monkeypatch.setattr("sglr.files.published.NETWORKS", tmp_path)
    for content in (info | {key: value}, {k: info[k] for k in info if k != key}):
        (tmp_path / "mini/one.json").write_text(json.dumps(content))
        with pytest.raises(UsageError, match=f"one.json: damaged.*{key}"):
            published()


def test_a_name_that_is_none_is_one_line(tmp_path):
    with pytest.raises(UsageError, match="did you mean 'mini/cifar10-at-s0'"):
        sglr.load_model("mini/cifar10-att-s0")
    words = sglr_words("restore", "cifar10-ls-s0", "--results", tmp_path, scale="mini")
    assert one_line(run(ROOT, *words), "no network of it is published")
    assert not (tmp_path / "mini/runs/cifar10-ls-s0/manifest.json").exists()
