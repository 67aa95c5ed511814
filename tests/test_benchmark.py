"""The benchmark runs and its plain loop is what it says; no test looks at the times themselves."""

import json
import sys
from argparse import Namespace

import pytest
import torch
from pretended_gpu import pretended
from tools import ROOT, output, run

from benchmarks.agreement import engines
from benchmarks.count import count_step, epoch_estimate
from benchmarks.engine import EngineLoop
from benchmarks.measure import REFERENCE, _seconds, loop_of
from benchmarks.reference import PlainLoop
from sglr.data.images import ImageSet
from sglr.models import build
from sglr.plan.scales import PLAIN


def test_the_benchmark_writes_every_variant_and_its_ratio(tmp_path):
    small = [
        "--device",
        "cpu",
        "--width",
        "4",
        "--batch-size",
        "4",
        "--steps",
        "1",
        "--rounds",
        "1",
    ]
    words = [
        sys.executable,
        "-m",
        "benchmarks",
        *small,
        "--out",
        str(tmp_path / "found.json"),
    ]
    output(run(ROOT, *words))
    found = json.loads((tmp_path / "found.json").read_text())
    assert [row["part"] for row in found["counted"]][-1] == "whole step"
    rows = {row["variant"]: row for row in found["variants"]}
    assert {"engine, plain", "engine, fp32", REFERENCE, "torchattacks"} <= set(rows)
    assert rows[REFERENCE]["attack x plain loop"] == 1
    assert all(row["attack s"] > 0 and row["peak MiB"] > 0 for row in rows.values())
    assert {(row["batch_size"], row["steps"]) for row in found["growth"]} >= {
        (32, 1),
        (256, 1),
        (32, 10),
    }


def test_a_step_takes_no_more_kernels_and_bytes_than_recorded():
    """Of one attack step on ResNet-18 at batch 128; the arithmetic is that of three passes forward and their like."""
    found = count_step(steps=1)
    forward = 0.5552 * 2 * 128 / 1000  # TFLOP: 0.555 G multiplications an image
    assert abs(found["attack"].tflop / (2 * forward) - 1) < 0.02
    assert abs(found["whole step"].tflop / (5 * forward) - 1) < 0.02
    limits = {"data": 20, "refolding": 27, "attack": 169, "whole step": 473}
    assert {part: count.kernels for part, count in found.items()} == limits
    assert found["attack"].gigabytes < 2.6 and found["whole step"].gigabytes < 5.7
    # The H200 differs by its memory alone.
    h100, h200 = epoch_estimate(found).values()
    assert 0.7 < h200 / h100 < 1


def random_images(count: int) -> ImageSet:
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(
        256, (count, 3, 32, 32), dtype=torch.uint8, generator=generator
    )
    return ImageSet(pixels, torch.randint(10, (count,), generator=generator), 255)


def test_the_plain_loop_attacks_in_train_mode_and_computes_weight_gradients():
    model, images = build("resnet18", 10, 3, 4, 0), random_images(8)
    before = {name: value.clone() for name, value in model.named_buffers()}
    loop = PlainLoop(model, images.images, images.labels, 4, 2, "cpu")
    x = images.pixels()[:4]
    x_adv = loop.attack(x, images.labels[:4])
    assert (
        (x_adv - x).abs().max() <= 8 / 255 + 1e-6
        and x_adv.min() >= 0
        and x_adv.max() <= 1
    )
    assert model.training and all(p.grad is not None for p in model.parameters())
    assert any(
        not torch.equal(value, before[name]) for name, value in model.named_buffers()
    )


def test_both_loops_train_the_same_number_of_images_a_step():
    images = random_images(16)
    engine = EngineLoop(build("resnet18", 10, 3, 4, 0), images, 8, 1, "cpu", PLAIN)
    plain = PlainLoop(
        build("resnet18", 10, 3, 4, 0), images.images, images.labels, 8, 1, "cpu"
    )
    assert [len(loop.batch()[0]) for loop in (engine, plain)] == [8, 8]
    for loop in (engine, plain):
        before = [p.detach().clone() for p in loop.model.parameters()]
        loop.step()
        assert all(
            not torch.equal(p, q)
            for p, q in zip(loop.model.parameters(), before, strict=True)
        )


def test_the_comparison_of_engines_writes_every_part(tmp_path):
    small = ["--scale", "smoke", "--epochs", "2", "--seeds", "1", "--images", "4"]
    words = [
        sys.executable,
        "-m",
        "benchmarks.agreement",
        *small,
        "--out",
        str(tmp_path / "found.json"),
    ]
    output(run(ROOT, *words))
    found = json.loads((tmp_path / "found.json").read_text())
    rows = {row["engine"]: row for row in found["trainings"]}
    assert list(rows) == ["plain", "fast", "fast, resumed twice"]
    losses = [row["train_loss"] for row in rows.values()]
    # Folding changes the last digits at most (on some processors none), resuming nothing.
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
    assert losses[1] == losses[2]
    assert set(found["attacks"]) == {"trained", "untrained"} and set(
        found["autoattack"]
    ) == {
        "package",
        "exact",
        "fast",
    }


SWITCHES = (
    (torch.backends.cuda.matmul, "allow_tf32"),
    (torch.backends.cudnn, "allow_tf32"),
    (torch.backends.cudnn, "benchmark"),
)


@pytest.fixture
def switches():
    """torch's own, put back by hand: monkeypatch takes them for missing, for torch makes them up when asked."""
    before = [getattr(owner, name) for owner, name in SWITCHES]
    yield
    for (owner, name), value in zip(SWITCHES, before, strict=True):
        setattr(owner, name, value)


def test_a_gpu_is_prepared_for_a_benchmark_as_for_a_training(monkeypatch, switches):
    monkeypatch.setenv("SGLR_DEVICE", "cuda")
    for (owner, name), value in zip(SWITCHES, (True, True, False), strict=True):
        setattr(owner, name, value)
    with pretended():
        loop_of(REFERENCE, Namespace(device="cuda", width=4), 4, 1)
    found = [getattr(owner, name) for owner, name in SWITCHES]
    assert found == [False, False, True]


def test_a_time_is_the_median_of_so_many_calls_after_one():
    calls = []
    assert _seconds(lambda: calls.append(0), "cpu", 50) >= 0
    assert len(calls) == 51


def test_graphs_are_compared_with_the_rest_where_there_is_a_gpu():
    fast = {
        kind: engines(torch.device(kind), PLAIN).get("fast, graphs")
        for kind in ("cuda", "cpu")
    }
    assert fast["cuda"].graphs and fast["cpu"] is None
