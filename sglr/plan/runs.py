"""A run is a value: one training, named by a readable slug of what differs from the defaults. Imports no torch."""

import re
from dataclasses import dataclass, fields
from typing import Any

from sglr.files.errors import UsageError
from sglr.files.settings import check_range, from_mapping
from sglr.methods import METHODS

_SHORT = {"temperature": "T", "label_noise": "noise"}
_LONG = {short: long for long, short in _SHORT.items()}
_PART = re.compile(r"([A-Za-z_]+)([0-9]+(?:\.[0-9]+)?)")
_NAME = re.compile(r"[A-Za-z0-9_]+")


@dataclass(frozen=True)
class Run:
    """One training. `settings` are the method's keys that differ from its defaults, sorted."""

    dataset: str
    method: str
    seed: int = 0
    label_noise: float = 0.0
    architecture: str = ""
    settings: tuple[tuple[str, float], ...] = ()

    @property
    def id(self) -> str:
        """The slug, for example `cifar10-sglr-r0.4-T1-s0`."""
        parts = [self.dataset] + ([self.architecture] if self.architecture else []) + [self.method]
        parts += [f"{_SHORT.get(key, key)}{value:g}" for key, value in self.settings]
        parts += [f"noise{self.label_noise:g}"] if self.label_noise else []
        return "-".join([*parts, f"s{self.seed}"])

    def method_settings(self) -> Any:
        """The method's settings dataclass, defaults filled in. Raises UsageError for a key or value not allowed."""
        return from_mapping(METHODS[self.method], dict(self.settings), f"run {self.id}: method '{self.method}'")


def make_run(
    dataset: str, method: str, *, seed: int = 0, label_noise: float = 0.0, architecture: str = "", **settings: float
) -> Run:
    """Return the run, its settings checked and those at their default dropped, so that equal runs are equal."""
    if method not in METHODS:
        raise UsageError(f"unknown method {method!r}; allowed: {', '.join(METHODS)}")
    _check_name(dataset)
    _check_name(architecture or method)
    check_range("seed", seed, 0, 2**32 - 1)
    if not isinstance(label_noise, int | float):
        raise UsageError(f"label_noise must be a number, got {label_noise!r}")
    if not 0 <= label_noise < 1:
        raise UsageError(f"label_noise must be within [0, 1), got {label_noise:g}")
    full: Any = from_mapping(METHODS[method], settings, f"a run of {dataset}: method '{method}'")
    if getattr(full, "r", None) == 0:
        settings.pop("temperature", None)  # r = 0 never looks at the temperature: its cells are one run
        full = METHODS[method](**settings)
    default = METHODS[method]()
    differing = {
        field.name: float(getattr(full, field.name))
        for field in fields(full)
        if getattr(full, field.name) != getattr(default, field.name)
    }
    return Run(dataset, method, seed, float(label_noise), architecture, tuple(sorted(differing.items())))


def _check_name(name: str) -> None:
    """Raise UsageError unless `name` can be part of a run's id, and so of a path: one folder's name, no more."""
    if not _NAME.fullmatch(str(name)):
        raise UsageError(f"a name is letters, digits and '_', got {name!r}")


def parse_run(run_id: str, datasets: list[str]) -> Run:
    """Return the run that `run_id` names. Raises UsageError where it names none."""
    dataset, *parts = run_id.split("-")
    if dataset not in datasets:
        raise UsageError(f"run {run_id!r}: unknown data set {dataset!r}; allowed: {', '.join(datasets)}")
    architecture = parts.pop(0) if len(parts) > 1 and parts[1] in METHODS else ""
    method = parts.pop(0) if parts else ""
    values: dict[str, float] = {}
    for part in parts:
        match = _PART.fullmatch(part)
        if not match:
            raise UsageError(f"run {run_id!r}: cannot read {part!r}; expected a name and a number, such as r0.4")
        values[_LONG.get(match[1], match[1])] = float(match[2])
    seed, noise = int(values.pop("s", 0)), values.pop("label_noise", 0.0)
    return make_run(dataset, method, seed=seed, label_noise=noise, architecture=architecture, **values)
