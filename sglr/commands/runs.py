"""Commands that compute: train one run, or measure it. Torch is imported by the command, not by this module."""

from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sglr.engine.lease import lease_gpu
from sglr.files.errors import UsageError
from sglr.files.lock import only_writer
from sglr.files.settings import unknown
from sglr.plan.names import CHECKPOINTS
from sglr.plan.plan import Plan, find_run
from sglr.plan.runs import Run
from sglr.plan.scales import Engine, Scale

if TYPE_CHECKING:
    import torch

    from sglr.evaluation.finished import Finished

MEASURING = Engine(precision="fp32", fold=True, channels_last=True, graphs=False)


def train(arguments: Namespace, plan: Plan) -> None:
    """Train a run, going on from its saved state where there is one."""
    from sglr.training.signals import StopRequest

    run = find_run(arguments.run, plan.scale)
    folder = arguments.results / plan.scale.name / "runs" / run.id
    with StopRequest().listen() as stop:
        with stop.raising():  # nothing is lost before the first step
            from sglr.engine.memory import advising_batch_size
            from sglr.training.job import Job

            device, engine = _prepare(plan.scale, plan.scale.engine)
            job = Job(run, plan.scale, folder, plan.settings_of(run), device, engine)
        with _one_writer(folder), _watched(arguments, folder) as watchers:
            advising_batch_size(
                partial(job.fit, stop, watchers, strict=arguments.strict),
                job.trial,
                job.how.batch_size,
            )


@contextmanager
def _one_writer(folder: Path) -> Iterator[None]:
    """The first process holds the run's folder for all of the training, and clears what killed writers left."""
    from sglr.engine import parallel
    from sglr.training.state import remove_leftovers

    if not parallel.is_first():
        yield
        return
    with only_writer(folder):
        remove_leftovers(folder)
        yield


@contextmanager
def _watched(
    arguments: Namespace, folder: Path
) -> Iterator[list[Callable[[dict], None]]]:
    """Who is told of each epoch: with --events a TensorBoard file, epochs of before included."""
    if not arguments.events:
        yield []
        return
    from sglr.engine import parallel
    from sglr.export.events import Events

    if not parallel.is_first():
        yield []
        return
    with closing(Events(folder)) as events:
        yield [events.add]


def _prepare(scale: Scale, engine: Engine) -> "tuple[torch.device, Engine]":
    """Device and engine, said in the log; where this machine has several GPUs, one that no other job computes on."""
    from sglr.engine.device import described, prepare

    if scale.gpu:
        lease_gpu()
    device, able = prepare(engine, scale.threads, gpu=scale.gpu)
    print(described(device, able), flush=True)
    return device, able


def _finished(arguments: Namespace, plan: Plan) -> "Finished":
    """What is measured is computed in fp32, on folded copies where that changes nothing."""
    run = find_run(arguments.run, plan.scale)
    device, _ = _prepare(plan.scale, MEASURING)
    return _finished_on(device, run, arguments, plan)


def _finished_on(
    device: "torch.device", run: Run, arguments: Namespace, plan: Plan
) -> "Finished":
    from sglr.evaluation.finished import Finished

    folder = arguments.results / plan.scale.name / "runs" / run.id
    return Finished(run, plan.scale, folder, device)


def evaluate(arguments: Namespace, plan: Plan) -> None:
    """Measure natural, PGD-20 and AutoAttack accuracy of a run's checkpoints."""
    from sglr.evaluation.measure import evaluate

    finished = _finished(arguments, plan)
    evaluate(
        finished,
        with_autoattack=plan.with_autoattack(finished.run),
        keep_images=arguments.keep_images,
    )


def trajectory(arguments: Namespace, plan: Plan) -> None:
    """Measure gradient norm, information in weights and confidence along a run."""
    from sglr.evaluation.measure import measure_trajectory

    measure_trajectory(_finished(arguments, plan))


def features(arguments: Namespace, plan: Plan) -> None:
    """Measure the penultimate features of a run's final network."""
    from sglr.evaluation.measure import measure_features

    measure_features(_finished(arguments, plan))


def export(arguments: Namespace, plan: Plan) -> None:
    """Write one checkpoint's weights as safetensors, with a model card."""
    from sglr.engine.device import prepare
    from sglr.export.weights import export

    if arguments.checkpoint not in CHECKPOINTS:
        raise UsageError(unknown(arguments.checkpoint, CHECKPOINTS, "checkpoint"))
    run = find_run(arguments.run, plan.scale)
    device, _ = prepare(MEASURING, plan.scale.threads, gpu=False)
    finished = _finished_on(device, run, arguments, plan)
    folder = arguments.results / plan.scale.name / "exported"
    print(export(finished, arguments.checkpoint, folder))


def events(arguments: Namespace, plan: Plan) -> None:
    """Write a trained run's history as TensorBoard event files."""
    from sglr.export.events import write_events
    from sglr.plan.bound import read_manifest

    run = find_run(arguments.run, plan.scale)
    folder = arguments.results / plan.scale.name / "runs" / run.id
    if (folder / "manifest.json").exists():  # a training under way has none
        read_manifest(folder, run, plan.scale)
    print(write_events(folder))


def count_forwards(arguments: Namespace, plan: Plan) -> None:
    """Count teachers and forward passes of one real training step, for Table 1."""
    from sglr.data import load_splits
    from sglr.engine.device import accelerator, device_name, prepare
    from sglr.evaluation.forwards import count_forwards
    from sglr.files.origin import origin
    from sglr.files.records import write_json
    from sglr.files.sums import write_sums

    device, _ = prepare(plan.scale.engine, plan.scale.threads, gpu=False)
    spec = plan.scale.data[plan.scale.roles.ten_classes]
    train = load_splits(spec, label_noise=0.0, seed=0).train.first(16)
    rows = count_forwards(train.pixels(), train.labels)
    folder = arguments.results / plan.scale.name
    made = origin(device_name(device), accelerator())
    write_json(folder / "forwards.json", {"rows": rows, "origin": made})
    write_sums(folder, "forwards", ["forwards.json"])


def time_steps(arguments: Namespace, plan: Plan) -> None:
    """Time training steps of PGD-AT, SGLR and AWP in turn, for the claims about costs."""
    from sglr.engine.device import accelerator, device_name
    from sglr.files.origin import origin
    from sglr.files.records import write_json
    from sglr.files.sums import write_sums
    from sglr.training.overhead import step_seconds

    device, engine = _prepare(plan.scale, plan.scale.engine)
    seconds = step_seconds(plan.scale, device, engine, arguments.repetitions)
    folder = arguments.results / plan.scale.name
    made = origin(device_name(device), accelerator())
    write_json(folder / "overhead.json", {"seconds": seconds, "origin": made})
    write_sums(folder, "overhead", ["overhead.json"])
