"""Lines that no other test looked at: each test here fails when its line is changed."""

import json
from dataclasses import replace

import pandas as pd
import pytest
import torch
from sglr.claims.curves import _new_gap
from sglr.claims.orderings import _within
from tools import manifest_of
from torch.nn import functional as F

from sglr.attacks.threat import LinfBall
from sglr.collected.evidence import collect_evidence
from sglr.collected.results import Results
from sglr.evaluation.accuracy import correct_under_pgd
from sglr.evaluation.curve import Curve
from sglr.methods.kd_at import TEMPERATURES, fit_calibration
from sglr.plan.names import TEN
from sglr.plan.plan_files import load_plan
from sglr.plan.scales import PLAIN


def test_a_gap_is_new_where_it_more_than_doubles():
    """From 10 points in the second quarter of training to 15 in the last: half of it was there before."""
    rows = [
        ("train_accuracy", epoch, 0.5 + (0.10 if epoch <= 20 else 0.15))
        for epoch in range(1, 41)
    ]
    rows += [("test_pgd20_accuracy", epoch, 0.5) for epoch in range(1, 41)]
    frame = pd.DataFrame(rows, columns=["quantity", "epoch", "value"])
    assert _new_gap(frame) == pytest.approx(15 - 2 * 10)


def test_what_stays_under_a_limit_turns_its_interval_round():
    """Best minus final of two seeds, 0.2 and 0.6 points: 0.6 under the limit of 1, from low to high."""
    rows = []
    for seed, final in enumerate((0.498, 0.494)):
        for checkpoint, accuracy in (("best", 0.5), ("final", final)):
            rows.append((TEN, "pgd20", "sglr", checkpoint, seed, accuracy))
    frame = pd.DataFrame(
        rows, columns=["role", "attack", "method", "checkpoint", "seed", "accuracy"]
    )
    found = _within(TEN, "pgd20", "sglr", 1.0, Results({"table2": frame}))
    assert found.value == pytest.approx(0.6)
    assert found.low < found.value < found.high


def test_seconds_of_a_wall_clock_are_no_costs(tmp_path):
    plan = load_plan("smoke")
    for method, clock in (("at", {"clock": "process_time"}), ("ls", {})):
        folder = tmp_path / f"smoke/runs/digits-{method}-s0"
        folder.mkdir(parents=True)
        manifest = manifest_of(plan, plan.runs[folder.name]) | clock
        manifest |= {"training_seconds_per_epoch": [1.0], "origin": {"device": "cpu"}}
        (folder / "manifest.json").write_text(json.dumps(manifest))
    collect_evidence(plan, tmp_path)
    assert set(pd.read_csv(tmp_path / "smoke/collected/costs.csv")["method"]) == {"at"}


def test_a_teacher_that_doubts_too_much_is_sharpened():
    """Its logits are 0.3 times what they should be, so the best temperature is 0.3."""
    generator = torch.Generator().manual_seed(0)
    logits = 2 * torch.randn(4000, 10, generator=generator)
    y = torch.multinomial(logits.softmax(1), 1, generator=generator)[:, 0]
    uninformed = F.one_hot(torch.randint(10, (4000,), generator=generator), 10)
    temperature, _ = fit_calibration(0.3 * logits, uninformed, y)
    assert temperature == pytest.approx(0.3, rel=0.15) and min(TEMPERATURES) < 0.3


def test_the_curves_attack_takes_its_own_number_of_steps(network, splits):
    scale = load_plan("digits").scale
    attack = replace(scale.attack, train_steps=1, curve_steps=6, test_steps=2)
    few = replace(
        splits, test=splits.test.first(100), validation=splits.validation.first(50)
    )
    found = Curve(few, attack, scale.measurement, PLAIN).measure(network)[
        "test_robust_accuracy"
    ]
    accuracies = {}
    for num_steps in (1, 2, 6):
        correct = correct_under_pgd(
            network,
            few.test,
            ball=LinfBall(attack.epsilon),
            step_size=attack.step_size,
            num_steps=num_steps,
            batch_size=scale.measurement.batch_size,
        )
        accuracies[num_steps] = correct.double().mean().item()
    assert found == accuracies[6] and accuracies[6] < accuracies[2] < accuracies[1]
