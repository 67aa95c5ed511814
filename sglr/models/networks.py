"""A run's network: at its first weights, or as saved."""

from pathlib import Path
from typing import Any

from torch import Tensor

from sglr.data.images import Splits
from sglr.engine.weights import load_weights
from sglr.files.disk import damaged
from sglr.files.errors import UsageError
from sglr.models import build
from sglr.models.blocks import Classifier
from sglr.plan.runs import Run
from sglr.plan.scales import Scale


def build_network(run: Run, scale: Scale, splits: Splits) -> Classifier:
    """The run's network at its first weights, which the run's seed alone decides, on the data's device."""
    network = build(**shape_of(run, scale, splits), generator_seed=run.seed)
    return network.to(splits.train.images.device)


def shape_of(run: Run, scale: Scale, splits: Splits) -> dict[str, Any]:
    """What `build` needs to know of the run's network besides a seed, as plain values."""
    return {
        "architecture": run.architecture or scale.network.architecture,
        "num_classes": splits.num_classes,
        "in_channels": splits.train.images.shape[1],
        "width": scale.network.width,
        "stem_stride": scale.network.stem_stride,
    }


def load_network(
    path: Path, entry: dict[str, Any], run: Run, scale: Scale, splits: Splits
) -> Classifier:
    """The run's network with the weights saved at `path`, in eval mode; `entry` is what the manifest says of them.

    Raises UsageError for a file that is missing or damaged, for another run's, for one that the manifest does not name,
    and for a network that is not finite.
    """
    payload = load_weights(path, entry["sha256"])
    if payload["run"] != run.id:
        raise damaged(path, f"it holds run {payload['run']!r}, expected {run.id!r}")
    check_finite(payload["weights"], str(path))
    network = build_network(run, scale, splits)
    network.load_state_dict(payload["weights"])
    return network.eval()


def check_finite(weights: dict[str, Tensor], where: str) -> None:
    """Raise UsageError where a weight or a statistic of BatchNorm is infinite or not a number."""
    for name, value in weights.items():
        if not value.isfinite().all():
            raise UsageError(
                f"{where}: {name} is not finite: the training diverged, and nothing of it is measured; "
                "a smaller learning_rate usually helps"
            )
