"""Stochastic gradient descent beside PyTorch's class of it, and what a training does not wait for."""

import sys

import torch
from tools import ROOT, output, run
from torch import nn

from sglr.training.sgd import SGD

RATES = (0.1, 0.1, 0.02, 0.3, 0.05)


def weights() -> list[nn.Parameter]:
    """Three, of which the last one is never used."""
    generator = torch.Generator().manual_seed(0)
    shapes = (16, 3, 3, 3), (11,), (4,)
    return [nn.Parameter(torch.randn(shape, generator=generator)) for shape in shapes]


def loss(used: list[nn.Parameter]) -> torch.Tensor:
    return sum((weight.sin() * weight).sum() for weight in used)


def ours(optimizer: SGD, rate: float) -> None:
    optimizer.learning_rate = rate
    optimizer.zero_grad()
    loss(optimizer.weights[:2]).backward()
    optimizer.step()


def pytorchs(rates: tuple[float, ...]) -> list[nn.Parameter]:
    moved = weights()
    optimizer = torch.optim.SGD(
        moved, lr=1, momentum=0.9, weight_decay=5e-4, fused=True
    )
    for rate in rates:
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        loss(moved[:2]).backward()
        optimizer.step()
    return moved


def begun(moved: list[nn.Parameter]) -> SGD:
    return SGD(moved, learning_rate=1, momentum=0.9, weight_decay=5e-4)


def test_its_steps_are_pytorchs_bit_for_bit():
    optimizer = begun(weights())
    for rate in RATES:
        ours(optimizer, rate)
    for mine, theirs in zip(optimizer.weights, pytorchs(RATES), strict=True):
        assert torch.equal(mine, theirs)
    assert torch.equal(optimizer.weights[2], weights()[2])


def test_another_one_goes_on_from_what_it_saves():
    first = begun(weights())
    for rate in RATES[:2]:
        ours(first, rate)
    second = begun(first.weights)
    second.load_state_dict(first.state_dict())
    for rate in RATES[2:]:
        ours(second, rate)
    for mine, theirs in zip(second.weights, pytorchs(RATES), strict=True):
        assert torch.equal(mine, theirs)


TRAINED = """
import runpy, sys
sys.argv = ["sglr", "train", "digits-at-s0", "--scale", "smoke"]
try:
    runpy.run_module("sglr", run_name="__main__")
except SystemExit as ended:
    assert not ended.code
print(sorted(sys.modules.keys() & {"torch", "torch._dynamo", "torch._inductor", "sympy"}))
"""


def test_a_training_does_not_wait_for_pytorchs_compiler(tmp_path):
    done = run(tmp_path, sys.executable, "-c", TRAINED, PYTHONPATH=str(ROOT))
    assert output(done).splitlines()[-1] == "['torch']"
