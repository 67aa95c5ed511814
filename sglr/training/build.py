"""From a run and its scale to a recipe: the network at its first weights, its teachers, its attack, its optimiser."""

from pathlib import Path

import torch
from torch import nn

from sglr.attacks.adversary import Adversary
from sglr.attacks.threat import threat_model
from sglr.data.images import Splits
from sglr.engine import parallel
from sglr.methods import METHODS
from sglr.methods.objective import Setup
from sglr.models.blocks import Classifier
from sglr.models.layout import memory_format
from sglr.models.networks import build_network, load_network
from sglr.plan.bound import read_manifest
from sglr.plan.plan import teachers_of
from sglr.plan.runs import Run
from sglr.plan.scales import Engine, Optimisation, Scale
from sglr.training.recipe import Recipe
from sglr.training.sgd import SGD

_TEACHING = "best_validation"


def optimisation(run: Run, scale: Scale) -> Optimisation:
    """Return the scale's settings for the run's kind of training."""
    return scale.adversarial if METHODS[run.method].adversarial else scale.standard


def build_recipe(
    run: Run,
    scale: Scale,
    splits: Splits,
    folder: Path,
    generator: torch.Generator,
    engine: Engine,
) -> Recipe:
    """Return the run's recipe on the device of `splits`; `folder` is the run's own, beside its teachers'.

    Raises UsageError where a teacher has not been trained.
    """
    how, settings = optimisation(run, scale), run.method_settings()
    model = _for_training(build_network(run, scale, splits), engine)
    attack = scale.attack
    ball, strength = threat_model(attack), (attack.step_size, attack.train_steps)
    setup = Setup(
        model=parallel.shared(model),
        labels=splits.train.labels,
        num_classes=splits.num_classes,
        epochs=how.epochs,
        adversary=Adversary(model, ball, *strength, generator, engine, how.batch_size)
        if settings.adversarial
        else None,
        teachers={
            teacher.method: _teacher(teacher, scale, splits, folder.parent, engine)
            for teacher in teachers_of(run)
        },
        validation=splits.validation,
        average=parallel.average_in_place,
    )
    optimizer = SGD(
        model.parameters(),
        learning_rate=how.learning_rate,
        momentum=how.momentum,
        weight_decay=how.weight_decay,
    )
    return Recipe(
        model,
        settings.objective(settings, setup),
        optimizer,
        settings.average(model, how.epochs),
    )


def _for_training(network: Classifier, engine: Engine) -> Classifier:
    """The network with the engine's memory format and precision of multiplication."""
    network.autocast = engine.precision == "bf16"
    return network.to(memory_format=memory_format(network, engine.channels_last))  # type: ignore[call-overload]


def taught_by(run: Run, scale: Scale, runs: Path) -> dict[str, str]:
    """Return id -> sha256 of the networks that teach the run; `runs` holds the runs' folders."""
    return {
        teacher.id: read_manifest(runs / teacher.id, teacher, scale)[_TEACHING][
            "sha256"
        ]
        for teacher in teachers_of(run)
    }


def _teacher(
    teacher: Run, scale: Scale, splits: Splits, runs: Path, engine: Engine
) -> nn.Module:
    """The teacher's best network (chosen on held-out images), frozen."""
    folder = runs / teacher.id
    checkpoint = read_manifest(folder, teacher, scale)[_TEACHING]
    network = load_network(
        folder / f"{_TEACHING}.safetensors", checkpoint, teacher, scale, splits
    )
    return _for_training(network, engine).requires_grad_(False)
