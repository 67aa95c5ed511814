"""What an evaluation trips over before it begins; each is one line, and nothing is measured."""

import torch
from torch import Tensor, nn

from sglr.data.images import ImageSet
from sglr.evaluation.accuracy import correct_natural
from sglr.evaluation.masking import input_gradients
from sglr.files.errors import UsageError
from sglr.models.foreign import Normalised
from sglr.models.given import in_short

_FEW = 16  # images that are looked at
_SAME = 1e-3  # of what the logits differ by among classes: more is no rounding
_EXACT = 1e-5  # of the largest logit: less is
_WHOLE = 1e-2  # from 1: what rounding leaves of a sum of probabilities
_FAR = 0.1  # of accuracy: what a forgotten normalisation costs


def check_network(
    model: nn.Module, images: ImageSet, num_classes: int, batch_size: int
) -> tuple[Tensor, Tensor]:
    """Raise UsageError unless `model` (eval mode) gives each image its own logits (N, K), always the same.

    Return logits and gradients of the first images: by them one network is told from another.

    Args:
        images: some of the data set's, N of C x H x W.  num_classes: K.
    """
    x, y = images.pixels()[:_FEW], images.labels[:_FEW]
    logits = _logits(model, x, num_classes)
    _logits(model, images.first(batch_size).pixels(), num_classes)
    near = _rounding(logits)
    if (_logits(model, x, num_classes) - logits).abs().max() > near:
        raise UsageError(
            "randomised: the same images give other logits each time, which no fixed accuracy describes; "
            "AutoAttack has a version of its own for such networks"
        )
    alone = torch.cat([_logits(model, each[None], num_classes) for each in x])
    if (alone - logits).abs().max() > near:
        raise UsageError(
            "an image's logits change with the images beside it: BatchNorm on the batch's own statistics, or a defence "
            "that looks at the batch"
        )
    if (logits >= 0).all() and (logits.sum(1) - 1).abs().max() < _WHOLE:
        raise UsageError(
            "the outputs are probabilities: give the logits before softmax; attacks stall on the flat loss"
        )
    return logits, _checked_gradient(model, x, y)


def _rounding(logits: Tensor) -> float:
    """By how much logits may differ: little beside what they differ by among classes, more where all are large."""
    spread = (logits - logits.mean(1, keepdim=True)).abs().max().item()
    return max(_SAME * spread, _EXACT * logits.abs().max().item())


def said_of_outputs(logits: Tensor) -> list[str]:
    """What is odd about outputs (N, K), and yet may be."""
    if (logits >= 0).all() and (logits <= 1).all():
        return ["all outputs lie in [0, 1]: after a sigmoid, attacks stall"]
    return []


def _logits(model: nn.Module, x: Tensor, num_classes: int) -> Tensor:
    shape = " x ".join(map(str, x.shape[1:]))
    try:
        with torch.no_grad():
            logits = model(x)
    except UsageError:
        raise
    except Exception as error:  # whatever a stranger's module raises
        raise UsageError(
            f"the network does not take float32 images of {shape}, {len(x)} at once: {in_short(error)}"
        ) from None
    if not isinstance(logits, Tensor) or logits.shape[:-1] != x.shape[:1]:
        what = (
            tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
        )
        raise UsageError(f"the network returns {what}, not logits (N, {num_classes})")
    if logits.shape[1] != num_classes:
        raise UsageError(
            f"the network has {logits.shape[1]} classes, the data {num_classes}"
        )
    if not logits.isfinite().all():
        raise UsageError("the network's outputs are not finite")
    return logits


def _checked_gradient(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    try:
        gradients = input_gradients(model, x, y)
    except RuntimeError as error:
        reason = str(error).split("\n")[0]
        raise UsageError(
            f"the logits have no gradient with respect to the images, so no attack means anything: {reason}"
        ) from None
    if not (gradients != 0).any():
        raise UsageError(
            "the gradient with respect to the images is zero throughout, so no attack means anything: "
            "rounding, or a step, in the network?"
        )
    return gradients


def check_pixels(
    model: nn.Module, inner: nn.Module, images: ImageSet, batch_size: int
) -> None:
    """Raise UsageError where the network does far better on images that were scaled in another way.

    Args:
        model: as it is judged.  inner: the same without its `Normalised`, or `model` where there is none.
    """
    few = images.first(500)
    x = few.pixels()
    natural = _accuracy(model, few, batch_size)
    mean, std = x.mean((0, 2, 3)), x.std((0, 2, 3))
    words = ",".join(f"{value:.4f}" for value in mean.tolist())
    words += " " + ",".join(f"{value:.4f}" for value in std.tolist())
    normalised = inner is not model
    divide = "divide MEAN and STD by 255" if normalised else "--normalise 0 0.00392157"
    others: dict[str, nn.Module] = {
        f"on normalised ones: --normalise {words}, or the training's own": Normalised(
            model, mean.tolist(), std.tolist()
        ).to(x.device),
        f"on pixels of 0 to 255: {divide}": Normalised(model, [0.0], [1 / 255]).to(
            x.device
        ),
    }
    if normalised:
        others["without --normalise: it normalises by itself"] = inner
    for advice, other in others.items():
        try:
            accuracy = _accuracy(other, few, batch_size)
        except UsageError:  # a network of ours refuses what are no pixels
            continue
        if accuracy > natural + _FAR:
            raise UsageError(
                f"natural accuracy is {natural:.1%} on images in [0, 1], and {accuracy:.1%} {advice}"
            )


def _accuracy(model: nn.Module, images: ImageSet, batch_size: int) -> float:
    correct = correct_natural(model, images, batch_size)
    return correct.double().mean().item()
