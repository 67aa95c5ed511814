"""Signs of masked gradients: raised by a network that has them, by no other, and said where its numbers are."""

import json
import shutil

import pandas as pd
import pytest
import torch
from tools import ROOT
from torch import nn

from sglr.artefacts import masking
from sglr.artefacts.collect import collect
from sglr.artefacts.render import render
from sglr.attacks.threat import LinfBall
from sglr.evaluation.masking import gradient_signs
from sglr.plan.masking import flags, pgd_gap, square_takes, unchecked
from sglr.plan.plan_files import load_plan

BALL, MINI = LinfBall(0.05), ROOT / "results/mini"


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


def test_the_committed_runs_have_the_committed_table(tmp_path):
    plan = load_plan("mini")
    shutil.copytree(MINI / "runs", tmp_path / "mini/runs")
    collect("masking", plan, tmp_path)
    render("masking", plan.scale, tmp_path / "mini", tmp_path)
    for path in (*MINI.glob("collected/masking.*"), *MINI.glob("tables/masking.*")):
        again = tmp_path / "mini" / path.relative_to(MINI)
        assert again.read_bytes() == path.read_bytes(), path
    table = (tmp_path / "mini/tables/masking.md").read_text()
    rows = [line for line in table.splitlines() if line.startswith("| cifar")]
    older = sum("not looked for" in line for line in rows)
    said = f"1 of {len(rows)} networks have a flag; not looked for in {older}: APGD's"
    assert said in table and 0 < older < len(rows)
    (line,) = [line for line in table.splitlines() if "points more than" in line]
    assert "cifar10-at_ls_wa-s0" in line and "| best " in line and "+6.2" in line


def test_a_newer_evaluation_is_shown_with_all_its_signs():
    counts = {"num_images": 9, "vanishing": 2, "num_apgd": 5, "apgd_stuck": 0}
    rows = [
        {"run": "r", "checkpoint": "final"} | masking._signs(found)
        for found in (
            entry("1", "1", 1, gradients=counts),
            {"autoattack": None, "gradients": counts | {"vanishing": 0}},
        )
    ]
    frames = {"masking": pd.DataFrame(rows)}
    one, other = masking.tabulate(frames, load_plan("mini").scale).to_dict("records")
    assert one["vanishing gradients"] == "2" and one["taken by Square"] == "+0.0"
    assert one["flags"] == "the gradient vanishes at 2 of 9 images"
    assert (other["taken by Square"], other["flags"]) == ("not looked for", "none")
    said = masking.note(frames, load_plan("mini").scale)
    assert (
        "1 of 2 networks have a flag; not looked for in 1: AutoAttack, Square;" in said
    )
