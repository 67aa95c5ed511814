"""Data sets and architectures by name: ours, and those of installed packages. Imports none of them.

A package adds to them by entry points of the groups `sglr.datasets` and `sglr.architectures`.
"""

from importlib.metadata import EntryPoint, entry_points
from typing import Any

_OWN = {
    "datasets": {  # a function from [num_train, num_validation, num_test] to three ImageSets and the number of classes
        "digits": "sglr.data.digits:digits",
        "numbers": "sglr.data.digits:numbers",
        "cifar10": "sglr.data.cifar:cifar10",
        "cifar100": "sglr.data.cifar:cifar100",
    },
    "architectures": {  # a function (num_classes, in_channels, width, stem_stride) -> Classifier
        "small_resnet": "sglr.models.resnet:small_resnet",
        "resnet18": "sglr.models.resnet:resnet18",
        "preact_resnet18": "sglr.models.preact_resnet:preact_resnet",
        "wrn_34_10": "sglr.models.wide_resnet:wrn_34_10",
    },
}


def names_of(kind: str) -> tuple[str, ...]:
    """Return the names of all `datasets` or `architectures`, ours first."""
    return tuple(_targets(kind))


def find(kind: str, name: str) -> Any:
    """Return the function behind a name of `names_of`. Raises KeyError for another name."""
    return EntryPoint(name, _targets(kind)[name], f"sglr.{kind}").load()


def _targets(kind: str) -> dict[str, str]:
    others = {entry.name: entry.value for entry in entry_points(group=f"sglr.{kind}")}
    return _OWN[kind] | {
        name: value for name, value in others.items() if name not in _OWN[kind]
    }
