"""`sglr judge`: any network on the bench. Torch is imported by the command, not by this module."""

import os
import sys
from argparse import ArgumentParser, Namespace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sglr.engine.lease import lease_gpu
from sglr.files.disk import write_bytes
from sglr.files.errors import UsageError
from sglr.files.records import read_json, write_json
from sglr.files.settings import unknown
from sglr.plan.plan import Plan
from sglr.plan.scales import ARCHITECTURES, DataSpec

if TYPE_CHECKING:
    from torch import nn

    from sglr.evaluation.judge import Judgement


def add_arguments(command: ArgumentParser) -> None:
    """What `sglr judge` takes besides what every command does."""
    add = command.add_argument
    add("weights", nargs="?", help=".safetensors, .pt or .pth, or a published name")
    add("--data", default="cifar10", help="a data set of the scale")
    add("--architecture", choices=ARCHITECTURES, help="of weights that say none")
    add("--model", metavar="MODULE:CALLABLE", help="what returns the nn.Module")
    add(
        "--normalise",
        nargs=2,
        metavar=("MEAN", "STD"),
        help="of what the network expects, such as 0.49,0.48,0.45 0.25,0.24,0.26",
    )
    add("--name", help="of what is written (default: that of WEIGHTS)")
    add("--no-autoattack", action="store_true", help="leave the slow part out")
    add("--keep-images", action="store_true", help="write what AutoAttack ends with")


def judge(arguments: Namespace, plan: Plan) -> None:
    """Judge any network: accuracies, calibration, gradients, beside the scale's own runs on the same images."""
    from sglr.engine.device import prepare

    scale, normalise = plan.scale, _normalisation(arguments.normalise)
    if arguments.keep_images and arguments.no_autoattack:
        raise UsageError(
            "--keep-images keeps what AutoAttack ends with: give it without --no-autoattack"
        )
    if arguments.data not in scale.data:
        raise UsageError(unknown(arguments.data, scale.data, "data set"))
    folder = arguments.results / scale.name / "judged"
    _check_place(folder, arguments)
    if scale.gpu:
        lease_gpu()
    network = _network(arguments, plan)
    device, _ = prepare(scale.engine, scale.threads, gpu=scale.gpu)
    from torch import set_deterministic_debug_mode

    from sglr.evaluation.judge import judge

    set_deterministic_debug_mode("default")  # a stranger's module may use anything
    judge(
        network.to(device),
        arguments.data,
        scale=scale,
        normalise=normalise,
        autoattack=not arguments.no_autoattack,
        name=_name(arguments),
        folder=folder,
        keep_images=arguments.keep_images,
        write=partial(_write, arguments, plan, folder),
    )


def _write(arguments: Namespace, plan: Plan, folder: Path, found: "Judgement") -> None:
    """Write and print what was found."""
    record = folder / f"{found.name}.json"
    found.warnings.extend(_replaces(record, found))
    words = "\n".join([*_summary(found, plan), "", *_table(found, plan, arguments)])
    write_json(record, found.record())
    write_bytes(record.with_name(f"{found.name}.md"), f"{words}\n".encode())
    print(words)


def _check_place(folder: Path, arguments: Namespace) -> None:
    """Raise UsageError where another data set's judgement has the name: it would be lost."""
    from sglr.evaluation.kept import file_name

    path = folder / f"{file_name(_name(arguments))}.json"
    if (data := _before(path).get("data", arguments.data)) != arguments.data:
        raise UsageError(f"{path} is of {data}: give this one another name with --name")


def _before(path: Path) -> dict[str, Any]:
    """The judgement that has the name so far; nothing where there is none, or it cannot be read."""
    try:
        return read_json(path)
    except UsageError:
        return {}


def _replaces(path: Path, found: "Judgement") -> list[str]:
    """What to say where another judgement's place is taken: one of other images, or that was right on others."""
    if not (old := _before(path)):
        return []
    entry, now = old.get("entry"), found.entry["natural_correct"]
    same = isinstance(entry, dict) and entry.get("natural_correct") == now
    if same and old.get("images_sha256") == found.images_sha256:
        return []
    return [f"{path} was of another network, or of other images; it is replaced"]


def _name(arguments: Namespace) -> str:
    weights = arguments.weights and Path(arguments.weights).stem
    return arguments.name or weights or arguments.model or ""


def _normalisation(given: list[str] | None) -> "tuple[list[float], list[float]] | None":
    if given is None:
        return None
    try:
        mean, std = ([float(word) for word in each.split(",")] for each in given)
    except ValueError:
        raise UsageError(
            f"--normalise takes numbers, a comma between channels, got {' '.join(given)}"
        ) from None
    return mean, std


def _network(arguments: Namespace, plan: Plan) -> "nn.Module":
    """The network that the command line names."""
    from sglr.models.foreign import fill, read_weights

    if arguments.model and arguments.architecture:
        raise UsageError("--model and --architecture: give one of them")
    if arguments.weights == "" or not (arguments.weights or arguments.model):
        raise UsageError("give WEIGHTS, --model package.module:callable, or both")
    if not arguments.model and not arguments.architecture:
        return _exported(arguments.weights)
    spec = plan.scale.data[arguments.data]
    network = (
        _called(arguments.model)
        if arguments.model
        else _built(arguments.architecture, spec, plan)
    )
    if arguments.weights:
        path = Path(arguments.weights).expanduser()
        fill(network, read_weights(path), str(path))
    return network


def _exported(weights: str) -> "nn.Module":
    from sglr.export.weights import load_model

    try:
        return load_model(weights)
    except UsageError as error:
        raise UsageError(
            f"{error}; for weights of another program give --architecture or --model"
        ) from None


def _built(architecture: str, spec: DataSpec, plan: Plan) -> "nn.Module":
    from sglr.data import load_splits
    from sglr.models import build

    splits = load_splits(spec, label_noise=0.0, seed=0)
    network = plan.scale.network
    channels = splits.test.images.shape[1]
    shape = (architecture, splits.num_classes, channels, network.width)
    return build(*shape, generator_seed=0, stem_stride=network.stem_stride).eval()


def _called(target: str) -> "nn.Module":
    """What package.module:callable returns; modules of the working directory are found too."""
    from torch import nn

    from sglr.models.given import in_short

    module, _, name = target.partition(":")
    if not module or not name:
        raise UsageError(f"--model takes module:callable, got {target!r}")
    sys.path.insert(0, os.getcwd())
    given, sys.argv = sys.argv, [target]  # the words are not the callable's
    try:
        function: Any = import_module(module)
        for part in name.split("."):
            function = getattr(function, part)
        network = function()
    except UsageError:
        raise
    except (Exception, SystemExit) as error:  # whatever a stranger's module raises
        raise UsageError(f"--model {target}: {in_short(error)}") from None
    finally:
        sys.argv = given
    if not isinstance(network, nn.Module):
        raise UsageError(
            f"--model {target}: returns a {type(network).__name__}, not an nn.Module"
        )
    return network


def _short(value: float | None) -> str:
    return "of no parameter" if value is None else f"{value:.4g}"


def _summary(found: "Judgement", plan: Plan) -> list[str]:
    """What was found, a line each."""
    entry, steps = found.entry, plan.scale.attack.test_steps
    attacked = entry["autoattack"]
    confidence = ", ".join(
        f"{key} {value:.3f}" for key, value in found.confidence.items()
    )
    lines = [
        f"{found.name} on {found.data}, {plan.scale.label}",
        f"natural {found.natural:.2%}, PGD-{steps} {found.pgd:.2%} of {entry['num_images']} images",
        f"AutoAttack {attacked['accuracy']:.2%} of {attacked['num_images']} images"
        if attacked
        else "AutoAttack not run",
        f"gradient norm {_short(found.gradient_norm)}; {confidence}",
        f"PGD-{steps} by class: "
        + " ".join(f"{value:.2f}" for value in found.per_class),
    ]
    if found.separability:
        lines.append(
            "separability: silhouette {silhouette:.3f}, variance ratio {variance_ratio:.3f}".format(
                **found.separability
            )
        )
    lines += [f"warning: {words}" for words in found.warnings]
    lines += [f"flag: {words}" for words in found.flags] or [
        "no flag of masked gradients"
    ]
    if found.unchecked:
        lines.append(f"not looked for: {', '.join(found.unchecked)}")
    return lines


def _table(found: "Judgement", plan: Plan, arguments: Namespace) -> list[str]:
    # Its statistics take half a second, which every command would pay.
    from sglr.collected.beside import beside

    table = beside(found.record(), plan, arguments.results)
    return table.to_markdown(index=False, disable_numparse=True).split("\n")
