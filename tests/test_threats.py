"""The Euclidean threat model and the wide network, from a word in the settings to the exported card."""

import json
from dataclasses import replace

import pytest
import torch
import torchattacks
from pyautoattack import AutoAttack
from tools import output, sglr

from sglr.attacks.pgd import pgd
from sglr.attacks.threat import L2Ball, LinfBall, threat_model
from sglr.evaluation.accuracy import predictions
from sglr.evaluation.autoattack import check_inside, run_autoattack
from sglr.evaluation.finished import Finished
from sglr.evaluation.measure import evaluate
from sglr.export.weights import export
from sglr.files.errors import UsageError
from sglr.methods.losses import cross_entropy
from sglr.plan.plan_files import load_plan
from sglr.training.job import Job
from sglr.training.signals import StopRequest

BALL = L2Ball(128 / 255)
L2 = "smoke+attack.norm=l2+attack.epsilon=128/255+attack.step_size=15/255"


def test_pgd_in_the_euclidean_ball_is_torchattacks(network, splits):
    few = splits.test.first(64)
    x, y = few.pixels(), few.labels
    found = pgd(
        network,
        x,
        lambda logits: cross_entropy(logits, y),
        ball=BALL,
        step_size=15 / 255,
        num_steps=12,
        start=x,
    )
    library = torchattacks.PGDL2(
        network, eps=BALL.epsilon, alpha=15 / 255, steps=12, random_start=False
    )
    assert (found - library(x, y)).abs().max() < 1e-5
    lengths = (found - x).flatten(1).norm(dim=1)
    # Some reach the surface of the ball; those that are cut to [0, 1] stay within.
    assert lengths.max() == pytest.approx(BALL.epsilon, rel=1e-3)


def test_starts_lie_in_the_ball_and_at_all_depths_of_it(splits):
    x = 0.5 + 0 * splits.test.pixels()  # nothing is cut
    start = BALL.random_start(x, torch.Generator().manual_seed(0))
    lengths = BALL.distance(start, x) / BALL.epsilon
    assert lengths.max() <= 1 + 1e-5
    # Uniform on [0, 1]: each tenth has its share, within four standard deviations.
    counts = torch.histc(lengths, 10, 0, 1) / len(x)
    assert (counts - 0.1).abs().max() < 4 * (0.09 / len(x)) ** 0.5


def test_an_image_without_a_gradient_stays_where_it_is():
    x = torch.rand(3, 1, 8, 8)
    gradient = torch.zeros_like(x)
    gradient[0, 0, 2, 3] = -1e-20
    assert BALL.steepest(gradient)[1:].abs().max() == 0
    assert torch.equal(BALL.project(x, x), x)


def test_autoattack_in_the_euclidean_ball_is_the_packages_own(
    network, splits, monkeypatch
):
    few, attacks = splits.test.first(8), ("apgd-ce", "fab-t")
    monkeypatch.setattr("sglr.evaluation.autoattack.ATTACKS", attacks)
    ball = L2Ball(0.4)
    found = run_autoattack(network, few, ball=ball, seed=0, batch_size=8)
    package = AutoAttack(network, norm="L2", eps=0.4, seed=0, device="cpu")
    package.attacks_to_run = list(attacks)
    x_adv = package.run_standard_evaluation(few.pixels(), few.labels, batch_size=8)
    x_adv = x_adv[0] if isinstance(x_adv, tuple) else x_adv
    assert torch.equal(found.correct, predictions(network, x_adv, 8) == few.labels)
    assert 0 < int(found.correct.sum()) < 8
    with pytest.raises(UsageError, match="outside epsilon"):
        check_inside(x_adv, few.pixels(), L2Ball(0.2))


def test_a_scale_names_its_threat_model_and_everything_follows(tmp_path):
    plan = load_plan(L2)
    run, ball = plan.runs["digits-at-s0"], threat_model(plan.scale.attack)
    scale = replace(plan.scale, adversarial=replace(plan.scale.adversarial, epochs=2))
    settings = plan.settings_of(run) | {"trajectory_every": 0}
    settings["optimisation"] = settings["optimisation"] | {"epochs": 2}
    job = Job(run, scale, tmp_path, settings, torch.device("cpu"), scale.engine)
    assert ball == BALL and job.recipe.objective.adversary.ball == BALL
    assert job.curve.attack.ball == BALL
    job.fit(StopRequest())
    done = Finished(run, scale, tmp_path, torch.device("cpu"))
    few = done.splits.test.first(40)
    x_adv = done.bench.adversarial(done.network("final"), few, 4)
    moved = BALL.distance(x_adv, few.pixels())
    assert moved.max() <= BALL.epsilon + 1e-5
    # A fiftieth of the ball's pixels, moved as far as an l-infinity attack would all.
    assert LinfBall(1.0).distance(x_adv, few.pixels()).max() > BALL.epsilon / 8
    evaluate(done, with_autoattack=False)
    card = export(done, "final", tmp_path).with_suffix(".md").read_text()
    assert "| threat model | l2, epsilon 0.501961 of [0, 1] |" in card


def test_the_wide_network_is_a_word_on_the_command_line(tmp_path):
    words = ["--set", "network.architecture=wrn_34_10", "--set", "adversarial.epochs=1"]
    output(sglr(tmp_path, "train", "digits-at-s0", *words))
    (manifest,) = tmp_path.glob("results/*/runs/digits-at-s0/manifest.json")
    settings = json.loads(manifest.read_text())["run_settings"]
    assert settings["network"]["architecture"] == "wrn_34_10"
    assert settings["network"]["width"] == 8
