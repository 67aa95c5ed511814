"""RobustBench's own count on an exported network: `robustbench_judge.py WEIGHTS IMAGES.npz EPSILON NUM_ATTACKED`.

Prints natural accuracy on all images, then natural and AutoAttack accuracy on the first NUM_ATTACKED as `benchmark`
gives them.

RobustBench 1.1.1 imports `autoattack`, which is on no package index; the package that it declares instead has the
same attacks under other names. The images are given here, where RobustBench would load CIFAR.
"""

import json
import sys
from contextlib import redirect_stdout
from types import ModuleType

import numpy as np
import pyautoattack
import torch
from pyautoattack import state


class AutoAttack(pyautoattack.AutoAttack):
    """The package's attacks, called as `autoattack` is, with the seed of our own evaluations."""

    def __init__(self, model, log_path=None, **settings):
        super().__init__(model, seed=0, **settings)

    def run_standard_evaluation(self, x, y, bs, state_path=None):
        return super().run_standard_evaluation(
            x, y, batch_size=bs, state_path=state_path
        )[0]


def judge(weights: str, images: str, epsilon: float, count: int) -> list[float]:
    """The three accuracies, all by RobustBench."""
    sys.modules["autoattack"] = ModuleType("autoattack")
    sys.modules["autoattack"].AutoAttack = AutoAttack  # type: ignore[attr-defined]
    sys.modules["autoattack.state"] = state
    from robustbench import eval as robustbench

    from sglr import load_model

    model, given = load_model(weights), np.load(images)
    x, y = torch.tensor(given["x"]), torch.tensor(given["y"])
    robustbench.load_clean_dataset = lambda *_: (x[:count], y[:count])
    attacked = robustbench.benchmark(model, count, eps=epsilon, batch_size=60)
    return [robustbench.clean_accuracy(model, x, y), *attacked]


if __name__ == "__main__":
    torch.set_num_threads(1)
    with redirect_stdout(sys.stderr):
        accuracies = judge(
            sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
        )
    print(json.dumps(accuracies))
