"""A network that has learned nothing is evidence for nothing; one that has learned little is."""

import json
import math
import shutil

import pandas as pd
import pytest
import torch
from scipy.stats import binom
from tools import ROOT, output, sglr
from torch import nn

from sglr.artefacts.collect import collect, collected_names, frames_of
from sglr.artefacts.headline import note, tabulate
from sglr.claims import render
from sglr.claims.ledger import measured
from sglr.collected.evidence import collect_evidence
from sglr.collected.results import read_results
from sglr.evaluation.curve import Curve
from sglr.files.sums import write_sums
from sglr.models import build
from sglr.page.origins import origins
from sglr.plan.plan_files import load_plan
from sglr.plan.scale_files import load_scale
from sglr.plan.scales import PLAIN
from sglr.training.collapse import chance, collapse

MINI = ROOT / "results/mini"
SIZES = {"num_train": 600, "num_test": 500, "num_robust": 200}


def reason(row: dict, *, num_classes: int = 10, num_predicted: int = 10) -> str:
    """What is said of a training of one epoch."""
    healthy = {"train_loss": 0.5, "train_accuracy": 0.9}
    healthy |= {"test_natural_accuracy": 0.8, "test_robust_accuracy": 0.5}
    kinds = {"num_classes": num_classes, "num_predicted": num_predicted}
    return collapse([healthy | row], **SIZES, **kinds)


class Constant(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.eye(10)[3])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.logits.expand(len(x), 10)


def random_weights(seed: int) -> nn.Module:
    return build("small_resnet", 10, 1, 8, seed).eval()


@pytest.mark.parametrize(
    "make", [Constant, *(lambda n=n: random_weights(n) for n in range(6))]
)
def test_a_constant_network_and_random_weights_have_collapsed(splits, make):
    network, scale = make(), load_scale("digits")
    with torch.no_grad():
        predicted = network(splits.test.pixels()).argmax(1)
    accuracy = (predicted == splits.test.labels).double().mean().item()
    assert reason({"test_natural_accuracy": accuracy})
    curve = Curve(network, splits, None, scale.measurement, PLAIN)
    number = curve.num_predicted(network)
    assert number == len(predicted.unique())
    assert bool(reason({}, num_predicted=number)) == (number == 1)


def test_a_trained_network_has_not(splits, network):
    curve = Curve(network, splits, None, load_scale("digits").measurement, PLAIN)
    row = curve.measure(network)
    row = {name: value for name, value in row.items() if name.startswith("test")}
    assert math.isnan(row["test_robust_accuracy"]) and reason(row) == ""


def test_a_hundred_classes_of_which_little_was_learned_have_not():
    row = {
        "test_natural_accuracy": 0.06,
        "test_robust_accuracy": 0.03,
        "train_loss": 4.3,
    }
    assert reason(row | {"train_accuracy": 0.05}, num_classes=100) == ""
    assert reason({"test_natural_accuracy": 0.012}, num_classes=100)


def test_each_sign_is_named():
    assert reason({}) == ""
    assert reason({}, num_predicted=1) == "it predicts one class for every test image"
    assert (
        reason({"test_natural_accuracy": 0.11})
        == "its natural accuracy, 11.0 %, is chance"
    )
    assert (
        reason({"test_robust_accuracy": 0.11})
        == "its robust accuracy, in its best epoch 11.0 %, is chance"
    )
    row = {"train_loss": 118.4, "train_accuracy": 0.1}
    assert reason(row) == "its training loss stays above ln 10, at 118.4"
    assert reason(row | {"train_accuracy": 0.5}) == ""  # a loss of several terms


@pytest.mark.parametrize(
    ("num_classes", "num_images"), [(10, 70), (10, 2000), (100, 300)]
)
def test_guesses_are_at_chance(num_classes, num_images):
    most = binom.isf(0.05, num_images, 1 / num_classes) / num_images
    assert most <= chance(num_classes, num_images) < 2.5 / num_classes


def test_no_committed_run_has_collapsed():
    scale, paths = load_scale("mini"), sorted(MINI.glob("runs/*/history.csv"))
    for path in paths:
        data = scale.data[path.parent.name.split("-")[0]]
        found = collapse(
            pd.read_csv(path).to_dict("records"),
            num_classes=100 if data.source == "cifar100" else 10,
            num_train=data.num_train,
            num_test=data.num_test,
            num_robust=scale.measurement.num_curve,
            num_predicted=2,
        )
        assert found == "", path
    assert len(paths) > 50


def test_a_rate_that_is_far_too_high_collapses_and_says_so(tmp_path):
    words = ("train", "digits-at-s0", "--set", "adversarial.learning_rate=100")
    log = output(sglr(tmp_path, *words))
    (folder,) = tmp_path.glob("results/smoke+*/runs/digits-at-s0")
    why = json.loads((folder / "manifest.json").read_text())["collapsed"]
    assert why and f"digits-at-s0 collapsed: {why}; no claim is judged on it\n" in log


@pytest.fixture(scope="module")
def collapsed(tmp_path_factory):
    """The committed runs, of which PGD-AT's first three are said to have collapsed; what is collected of them."""
    plan, results = load_plan("mini", seeds=3), tmp_path_factory.mktemp("results")
    shutil.copytree(MINI / "runs", results / "mini/runs")
    shutil.copy(MINI / "forwards.json", results / "mini")
    for seed in range(3):
        folder = results / f"mini/runs/cifar10-at-s{seed}"
        manifest = json.loads((folder / "manifest.json").read_text())
        manifest["collapsed"] = "it predicts one class for every test image"
        (folder / "manifest.json").write_text(json.dumps(manifest))
        write_sums(folder, "train", ["history.csv", "labels.csv", "manifest.json"])
    for name in plan.artefacts:
        collect(name, plan, results)
    collect_evidence(plan, results)
    return results / "mini"


def test_every_claim_on_a_collapsed_network_is_not_testable_and_no_other_changes(
    collapsed,
):
    before, after = (
        read_results(folder / "collected", collected_names(load_plan("mini")))
        for folder in (MINI, collapsed)
    )
    touched = 0
    for claim in render.claims(before):
        then, now = measured(claim, before), measured(claim, after)
        for name, arguments in claim.parts.items():
            words = {*map(str, arguments.values())}
            of_at = "at" in words and "hundred_classes" not in words
            of_at |= claim.measure == "later"  # Figure 3 is PGD-AT's
            if of_at and name in then.measured and claim.measure != "overhead":
                word, why = now.missing[name]
                assert word == "not testable here", claim.id
                assert "cifar10-at-s0 collapsed: it predicts one class" in why
                touched += 1
            elif name in then.measured:
                assert now.measured[name].value == then.measured[name].value, claim.id
    assert touched > 30


def test_its_rows_are_marked_in_tables_and_on_the_page(collapsed):
    plan = load_plan("mini")
    frames = frames_of("headline", collapsed / "collected")
    table = tabulate(frames, plan.scale)
    methods = table["", "method"]
    marked = {name for name in methods if name.endswith(" (collapsed)")}
    assert marked == {"PGD-AT (collapsed)"} and len(set(methods)) > 3
    assert note(frames, plan.scale).endswith(
        "; cifar10-at-s2 collapsed: it predicts one class for every test image"
    )
    manifests = {
        path.parent.name: json.loads(path.read_text())
        for path in sorted(collapsed.glob("runs/*/manifest.json"))
    }
    shown = origins(plan, collapsed, manifests)["runs"]
    assert [run["id"] for run in shown if run["collapsed"]] == [
        f"cifar10-at-s{seed}" for seed in range(3)
    ]
