"""`python -m benchmarks.agreement`: whether the shortcuts change results. Real CIFAR-10 at the scale `mini`.

Short trainings with every shortcut on and with every one off, on the same seeds, and one stopped twice and resumed.
Then, on one trained and one untrained network, the fast attack beside the plain one, and on the trained one AutoAttack
searched on a bf16 copy beside the package's own run.
"""

import argparse
import json
import tempfile
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from benchmarks.stopping import StopAt
from sglr.attacks.threat import threat_model
from sglr.data.images import ImageSet
from sglr.engine.device import accelerator, device_name, prepare
from sglr.evaluation.accuracy import correct_natural, correct_under_pgd, predictions
from sglr.evaluation.autoattack import run_autoattack, standard_autoattack
from sglr.files.errors import Interrupted, UsageError
from sglr.files.origin import origin
from sglr.models.folding import fold_batchnorm
from sglr.models.networks import build_network
from sglr.plan.plan import resolved_settings
from sglr.plan.runs import make_run
from sglr.plan.scale_files import load_scale
from sglr.plan.scales import PLAIN, Engine, Scale
from sglr.training.job import Job
from sglr.training.signals import StopRequest


def main() -> None:
    """Measure, print and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", default="mini", help="`smoke` only to try it out")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--out", type=Path, default=Path("results/agreement.json"))
    arguments = parser.parse_args()
    scale = _shortened(load_scale(arguments.scale), arguments.epochs)
    fast = replace(scale.engine, graphs=False)
    device, fast = prepare(fast, scale.threads, gpu=torch.cuda.is_available())
    trainings, job = _trainings(scale, arguments.seeds, device, fast)
    images = job.splits.test.first(arguments.images)
    first = build_network(job.run, scale, job.splits).eval()
    networks = {"trained": job.recipe.model, "untrained": first}
    record: dict[str, Any] = {
        "settings": {key: str(value) for key, value in vars(arguments).items()},
        "origin": origin(device_name(device), accelerator()),
        "trainings": trainings,
        "attacks": {
            name: _attacks(network, images, scale) for name, network in networks.items()
        },
    }
    arguments.out.write_text(json.dumps(record, indent=1) + "\n")
    try:
        record["autoattack"] = _autoattack(job.recipe.model.eval(), images, scale)
    except UsageError as error:
        record["autoattack"] = {"skipped": str(error)}
    for row in trainings:
        print(json.dumps(row))
    print(json.dumps({key: record[key] for key in ("attacks", "autoattack")}, indent=1))
    arguments.out.write_text(json.dumps(record, indent=1) + "\n")


def _trainings(
    scale: Scale, seeds: int, device: torch.device, fast: Engine
) -> tuple[list[dict[str, Any]], Job]:
    """A row a training by every engine, and of one that was stopped twice; and the first of them."""
    rows, jobs = [], []
    for seed in range(seeds):
        for name, engine in engines(device, fast).items():
            jobs.append(_trained(scale, seed, device, engine, [StopRequest()]))
            rows.append({"engine": name, "seed": seed} | _row(jobs[-1]))
    how = scale.adversarial
    third = how.epochs * len(jobs[0].splits.train) // how.batch_size // 3
    stops = [StopAt(third), StopAt(third), StopRequest()]
    stopped = _trained(scale, 0, device, fast, stops)
    rows.append({"engine": "fast, resumed twice", "seed": 0} | _row(stopped))
    return rows, jobs[0]


def engines(device: torch.device, fast: Engine) -> dict[str, Engine]:
    """Return the engines that train beside each other; CUDA graphs where there is a GPU."""
    graphed = {"fast, graphs": replace(fast, graphs=True)}
    return {"plain": PLAIN, "fast": fast} | (graphed if device.type == "cuda" else {})


def _shortened(scale: Scale, epochs: int) -> Scale:
    return replace(scale, adversarial=replace(scale.adversarial, epochs=epochs))


def _trained(
    scale: Scale,
    seed: int,
    device: torch.device,
    engine: Engine,
    stops: list[StopRequest],
) -> Job:
    """A training, begun again from its saved state for each further one of `stops`."""
    run = make_run(scale.roles.ten_classes, "at", seed=seed)
    settings = resolved_settings(run, scale) | {"trajectory_every": 0}
    with tempfile.TemporaryDirectory() as folder:
        for stop in stops:
            job = Job(run, scale, Path(folder) / run.id, settings, device, engine)
            with suppress(Interrupted):
                job.fit(stop)
    return job


def _row(job: Job) -> dict[str, float]:
    names = (
        "train_loss",
        "train_accuracy",
        "test_natural_accuracy",
        "test_robust_accuracy",
    )
    last = job.state.history[-1]
    return {name: last[name] for name in names} | {
        "seconds": sum(job.state.training_seconds)
    }


def _pgd(
    network: nn.Module, images: ImageSet, scale: Scale, attacked: nn.Module
) -> float:
    correct = correct_under_pgd(
        network,
        images,
        ball=threat_model(scale.attack),
        step_size=scale.attack.step_size,
        num_steps=scale.attack.test_steps,
        batch_size=scale.measurement.batch_size,
        attacked=attacked,
    )
    return correct.double().mean().item()


def _attacks(model: nn.Module, images: ImageSet, scale: Scale) -> dict[str, float]:
    """PGD accuracy, always judged by the plain network: searched on itself and on its folded copies."""
    plain = fold_batchnorm(model, fold=False)
    fp32, bf16 = fold_batchnorm(model), fold_batchnorm(model, precision="bf16")
    searched = {"plain": plain, "folded": fp32, "folded bf16": bf16}
    found = {
        name: _pgd(plain, images, scale, network) for name, network in searched.items()
    }
    natural = correct_natural(plain, images, scale.measurement.batch_size)
    return {"natural": natural.double().mean().item()} | found


def _autoattack(model: nn.Module, images: ImageSet, scale: Scale) -> dict[str, Any]:
    """The package's own run in plain fp32, ours on the folded network, and ours with the search on the bf16 copy."""
    ball, batch_size = threat_model(scale.attack), scale.measurement.batch_size
    plain, folded = fold_batchnorm(model, fold=False), fold_batchnorm(model)
    started = time.perf_counter()
    x_adv = standard_autoattack(
        plain, images.pixels(), images.labels, ball, 0, batch_size
    )
    correct = predictions(plain, x_adv, batch_size) == images.labels
    found = {"package": _outcome(correct.double().mean().item(), started)}
    for name, searched in (
        ("exact", None),
        ("fast", fold_batchnorm(model, precision="bf16")),
    ):
        started = time.perf_counter()
        result = run_autoattack(
            folded, images, ball=ball, seed=0, batch_size=batch_size, searched=searched
        )
        found[name] = _outcome(result.correct.double().mean().item(), started) | {
            "robust_after": result.robust_after
        }
    return found


def _outcome(accuracy: float, started: float) -> dict[str, Any]:
    return {"accuracy": accuracy, "seconds": time.perf_counter() - started}


if __name__ == "__main__":
    main()
