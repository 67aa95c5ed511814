"""Any network, judged as ours are."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sglr.data import load_splits
from sglr.engine.underway import Underway
from sglr.evaluation.bench import Bench, Measured
from sglr.evaluation.confidence import confidence_summary
from sglr.evaluation.gradient_norm import full_gradient_norm
from sglr.evaluation.kept import Files, file_name
from sglr.evaluation.suspicions import (
    check_network,
    check_pixels,
    said_of_outputs,
)
from sglr.files.errors import UsageError
from sglr.files.records import digest
from sglr.files.settings import unknown
from sglr.models.blocks import Classifier
from sglr.models.folding import fold_batchnorm
from sglr.models.foreign import Normalised
from sglr.models.given import Plain, device_of, is_ours, own_copy
from sglr.plan.masking import flags, unchecked
from sglr.plan.scale_files import load_scale
from sglr.plan.scales import Scale


@dataclass(frozen=True)
class Judgement:
    """What was measured. Accuracies and confidences are fractions; `autoattack` is None where it was left out.

    `per_class` is the PGD accuracy of each class; `confidence` has mean confidence when correct and when incorrect,
    and ECE, natural and adversarial; `gradient_norm` is of the adversarial loss on training images, None for a network
    without parameters; `separability` is None for one that does not end in a linear layer. `flags` are signs of masked
    gradients, `unchecked` those not looked for, `warnings` the rest. `entry` is what evaluation.json holds of a network
    of ours, image by image.
    """

    name: str
    data: str
    scale: str
    natural: float
    pgd: float
    autoattack: float | None
    confidence: dict[str, float]
    gradient_norm: float | None
    separability: dict[str, float] | None
    per_class: list[float]
    flags: list[str]
    unchecked: list[str]
    warnings: list[str]
    images_sha256: str
    entry: dict[str, Any]

    def record(self) -> dict[str, Any]:
        """All of it as plain values."""
        return asdict(self)


# Whatever the caller has switched off: without gradients nothing could be attacked.
@torch.inference_mode(False)
@torch.enable_grad()
def judge(
    model: nn.Module,
    data: str = "cifar10",
    *,
    scale: str | Scale = "mini",
    normalise: tuple[Sequence[float], Sequence[float]] | None = None,
    autoattack: bool = True,
    name: str = "network",
    folder: Path | None = None,
    keep_images: bool = False,
    write: Callable[[Judgement], None] | None = None,
) -> Judgement:
    """Measure `model` on a scale's test images by its attack; the model stays as it is.

    Args:
        model: images (N, C, H, W) in [0, 1] to logits (N, K), on any device; it is judged in eval mode.
        data: a data set of the scale.  normalise: mean and std by channel, where the model expects (x - mean) / std.
        folder: where an interrupted judgement goes on from, and where AutoAttack's log and images go.
        write: keeps what was found; killed before it is done, the judgement still goes on.
    Raises:
        UsageError: for a network on which these numbers would mean nothing, in one line.
    """
    scale = load_scale(scale) if isinstance(scale, str) else scale
    if data not in scale.data:
        raise UsageError(unknown(data, scale.data, "data set"))
    inner = own_copy(model)
    inner = inner if isinstance(inner, Classifier) else Plain(inner)
    given = _normalised(inner, normalise) if normalise else inner
    device = device_of(model)
    given = given.to(device)
    splits = load_splits(scale.data[data], label_noise=0.0, seed=0).to(device)
    bench = Bench(scale, splits, device)
    size = scale.measurement.batch_size
    with _threads(scale.threads):
        logits, gradients = check_network(given, splits.test, splits.num_classes, size)
        check_pixels(given, inner, splits.test, size)
        of = digest(_bytes(logits) + _bytes(gradients)) + _weights_digest(given)
        files = Files(folder and Path(folder), file_name(name), keep_images)
        underway = Underway(files.underway, bench.decides(of=of))
        warnings = [*_in_train_mode(model), *said_of_outputs(logits)]
        found = _judged(bench, given, data, autoattack, files, underway, warnings)
    if write:
        write(found)
    underway.close()
    return found


def _normalised(
    network: nn.Module, normalise: tuple[Sequence[float], Sequence[float]]
) -> Normalised:
    try:
        return Normalised(network, *normalise)
    except (TypeError, ValueError, RuntimeError):
        raise UsageError(
            f"normalise is (MEAN, STD), each a number or one a channel, got {normalise!r}"
        ) from None


def _judged(
    bench: Bench,
    given: nn.Module,
    data: str,
    autoattack: bool,
    files: Files,
    underway: Underway,
    warnings: list[str],
) -> Judgement:
    scale, test = bench.scale, bench.splits.test
    size = scale.measurement.batch_size
    attacked = fold_batchnorm(given) if is_ours(given) else given
    # What takes seconds first: nothing may fail after AutoAttack.
    train = bench.splits.train.first(scale.measurement.num_gradient)
    x_train = bench.adversarial(attacked, train, scale.attack.curve_steps)
    gradient_norm = _gradient_norm(given, x_train, train.labels, size)
    separability = _separability(given, test.pixels(), test.labels, size)
    measured = bench.accuracies(
        attacked, files.name, with_autoattack=autoattack, underway=underway
    )
    files.write(measured, test)
    slow = measured.entry["autoattack"]
    return Judgement(
        name=files.name,
        data=data,
        scale=scale.name,
        natural=measured.entry["natural_accuracy"],
        pgd=measured.entry["pgd20_accuracy"],
        autoattack=slow and slow["accuracy"],
        confidence=_confidence(measured, test.labels),
        gradient_norm=gradient_norm,
        separability=separability,
        per_class=_per_class(measured.entry["pgd20_correct"], test.labels),
        flags=flags(measured.entry),
        unchecked=unchecked(measured.entry),
        warnings=warnings,
        images_sha256=test.digest(),
        entry=measured.entry,
    )


def _gradient_norm(
    given: nn.Module, x: Tensor, y: Tensor, batch_size: int
) -> float | None:
    """None for a network without parameters of its own, such as one whose layers are in a plain list."""
    if not any(each.requires_grad for each in given.parameters()):
        return None
    return full_gradient_norm(given, x, y, batch_size)


def _in_train_mode(model: nn.Module) -> list[str]:
    if any(getattr(module, "training", False) for module in model.modules()):
        return ["given in train mode; judged in eval mode"]
    return []


def _weights_digest(model: nn.Module) -> str:
    """The sha256 of all parameters and buffers."""
    state = model.state_dict().items()
    tensors = {name: value for name, value in state if isinstance(value, Tensor)}
    parts = [name.encode() + _bytes(value) for name, value in tensors.items()]
    return digest(b"".join(parts))


def _bytes(value: Tensor) -> bytes:
    flat = value.detach().cpu().contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy().tobytes()


@contextmanager
def _threads(number: int) -> Iterator[None]:
    """Compute on as many threads as the scale says: sums depend on it."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _confidence(measured: Measured, labels: Tensor) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, logits in measured.logits.items():
        found |= confidence_summary(logits, labels, prefix=name)
    return {key: value for key, value in found.items() if "accuracy" not in key}


def _per_class(correct: str, labels: Tensor) -> list[float]:
    right = torch.tensor([bit == "1" for bit in correct]).double()
    return [
        right[labels.cpu() == label].mean().item() for label in labels.unique().tolist()
    ]


def _separability(
    model: nn.Module, x: Tensor, y: Tensor, batch_size: int
) -> dict[str, float] | None:
    """Of what the last linear layer sees; None where there is none."""
    linear = [each for each in model.modules() if isinstance(each, nn.Linear)]
    if not linear:
        return None
    # scikit-learn takes a second.
    from sglr.evaluation.features import separability

    seen: list[Tensor] = []
    hook = linear[-1].register_forward_pre_hook(lambda _, given: seen.extend(given[:1]))
    try:
        with torch.no_grad():
            for part in x.split(batch_size):
                model(part)
    finally:
        hook.remove()
    features = torch.cat(seen).float() if seen else torch.empty(0)
    whole = features.ndim == 2 and len(features) == len(y)
    return separability(features, y) if whole else None
