"""Signs of masked gradients: raised by a network that has them, by no other, and said where its numbers are."""

import json

import pandas as pd
import pytest
import torch
from tools import ROOT
from torch import nn

from sglr.artefacts import signs
from sglr.attacks.threat import LinfBall
from sglr.evaluation.masking import gradient_signs
from sglr.plan.masking import flags, pgd_gap, square_takes, unchecked

BALL = LinfBall(0.05)


def entry(pgd: str, autoattack: str, fab: int, **more) -> dict:
    """An evaluation's entry; `fab` images are left by the white-box attacks."""
    correct = autoattack.count("1")
    return {
        "pgd20_correct": pgd,
        "autoattack": {
            "num_images": len(autoattack),
            "accuracy": correct / len(autoattack),
            "robust_after": {"apgd-t": fab + 1, "fab-t": fab, "square": correct},
        },
    } | more


def test_pgd_is_compared_with_autoattack_on_the_same_images():
    # Of the first ten 7 stay correct under PGD and 4 under AutoAttack; the other images do not count.
    found = entry("1111111000" + "0" * 90, "1111000000", 4)
    assert pgd_gap(found) == pytest.approx(0.3)
    assert flags(found) == ["PGD leaves 30.0 points more than AutoAttack"]
    fair = entry("1" * 56 + "0" * 44, "1" * 50 + "0" * 50, 50)
    assert pgd_gap(fair) == pytest.approx(0.06) and flags(fair) == []


def test_squares_threshold_is_autoattacks_own():
    bits = "1" * 100 + "0" * 900
    for taken, words in (
        (2, []),
        (3, ["Square takes 0.3 points that the white-box attacks left"]),
    ):
        found = entry(bits, bits, 100 + taken)
        assert square_takes(found) == taken / 1000 and flags(found) == words


def test_what_an_evaluation_does_not_say_is_named():
    assert unchecked({"autoattack": None}) == [
        "AutoAttack",
        "Square",
        "APGD's loss",
        "gradients",
    ]
    counts = {"num_images": 9, "vanishing": 2, "num_apgd": 5, "apgd_stuck": 1}
    found = entry("1", "1", 1, gradients=counts)
    assert unchecked(found) == []
    assert flags(found) == [
        "APGD does not raise the loss of 1 of 5 images",
        "the gradient vanishes at 2 of 9 images",
    ]


class Saturated(nn.Module):
    """The network, its logits so large that softmax is exactly one class."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        return 1e6 * self.network(x)


class Rounded(nn.Module):
    """The network on rounded images, whose gradient is passed on as that of their negatives: every step leads down."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        return self.network((8 * x).round().detach() / 8 - 1e-9 * (x - x.detach()))


def counts(network, splits):
    return gradient_signs(network, splits.test.first(60), ball=BALL, batch_size=25)


def test_a_plain_network_has_no_sign_and_a_masked_one_has(network, splits):
    plain = counts(network, splits)
    assert (plain["vanishing"], plain["apgd_stuck"]) == (0, 0)
    assert plain["num_images"] == 60 and 20 < plain["num_apgd"] <= 50
    saturated = counts(Saturated(network), splits)
    assert saturated["vanishing"] > 40
    rounded = counts(Rounded(network), splits)
    assert rounded["vanishing"] == 0 and rounded["apgd_stuck"] > 5


def test_signs_keep_gradients_and_the_generator(network, splits):
    state = torch.get_rng_state()
    assert counts(network, splits) == counts(network, splits)
    assert torch.equal(state, torch.get_rng_state())
    assert all(p.grad is None or not p.grad.isnan().any() for p in network.parameters())


def test_committed_evaluations_are_judged_by_what_they_hold():
    path = ROOT / "results/mini/runs/cifar10-at-s0/evaluation.json"
    for found in json.loads(path.read_text())["checkpoints"].values():
        attacked = found["autoattack"]
        pgd = sum(map(int, found["pgd20_correct"][:500])) / 500
        assert pgd_gap(found) == pytest.approx(pgd - attacked["accuracy"])
        assert square_takes(found) == 0
        assert unchecked(found) == ["APGD's loss", "gradients"]


def test_a_tables_note_names_the_network_the_sign_and_what_was_not_looked_for():
    origin = {"dataset": "d", "method": "at", "r": None, "temperature": None, "seed": 0}
    masked = entry("1111111000", "1111000000", 4)
    fine = entry("1", "1", 1, gradients={"vanishing": 0, "apgd_stuck": 0})
    rows = [
        origin | {"checkpoint": name, "attack": attack} | signs.signs(found)
        for name, found in (("best", masked), ("final", fine))
        for attack in ("natural", "pgd20")
    ]
    frame = pd.DataFrame([*rows, origin | {"seed": 1}])
    assert signs.words(frame) == (
        "signs of masked gradients: 1 of 2 networks; d PGD-AT seed 0 best: PGD leaves 30.0 points more than "
        "AutoAttack; not looked for in 1: APGD's loss, gradients"
    )
    older = frame.drop(columns=["flags", "unchecked"])
    assert signs.words(older) == "signs of masked gradients were not collected"
