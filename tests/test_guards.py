"""Lines that no other test looked at: each test here fails when its line is changed."""

import json
from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from sglr.attacks.threat import LinfBall
from sglr.claims.claim import stated
from sglr.claims.verdict import Evidence
from sglr.evaluation.accuracy import correct_under_pgd
from sglr.evaluation.curve import Curve
from sglr.methods.kd_at import TEMPERATURES, fit_calibration
from sglr.plan.plan_files import load_plan
from sglr.plan.scales import PLAIN


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
    found = Curve(network, few, attack, scale.measurement, PLAIN).measure(network)[
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


WORDS_OF_A_CLAIM = ("id", "part", "kind", "claim", "measure", "reason", "placebo")


@pytest.mark.parametrize(
    ("value", "holds", "opposite"), [(4, 0, 1), (6, 1, 0), (2.5, 1, 0), (5, 1, 1)]
)
def test_a_value_within_a_margin_holds_between_its_ends(
    value, holds, opposite, tmp_path, monkeypatch
):
    """The claim says 4 within 1: strictly between 3 and 5."""
    entry = dict.fromkeys(WORDS_OF_A_CLAIM, "") | {"equals": 4, "margin": 1}
    (tmp_path / "claims.yaml").write_text(json.dumps([entry]))
    monkeypatch.setattr("sglr.claims.claim.CONFIG", tmp_path)
    rule = stated.__wrapped__()[0].rule
    found = Evidence(float(value), exact=True)
    assert (rule.holds(found), rule.opposite(found)) == (holds, opposite)
    assert str(rule) == "4 within 1"
