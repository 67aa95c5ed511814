"""A run is a value: one training, named by a readable slug of what differs from the defaults. Imports no torch."""

import re
from dataclasses import dataclass, fields
from typing import Any

from sglr.files.errors import UsageError
from sglr.files.settings import check_range, exact, from_mapping, unknown
from sglr.methods import METHODS, method_named

_SHORT = {"temperature": "T", "label_noise": "noise"}
_LONG = {short: long for long, short in _SHORT.items()}
_NUMBER = re.compile(r"([A-Za-z_]+)([0-9]+(?:\.[0-9]+)?)")  # r0.4
_WORD = re.compile(r"([A-Za-z_]+)=([A-Za-z0-9_]+)")  # mode=hinge, clip=true
_NAME = re.compile(r"[A-Za-z0-9_]+")
_FLAGS = {"true": True, "false": False}

LARGEST_SEED = 2**32 - 1

Value = float | str | bool


@dataclass(frozen=True)
class Run:
    """One training. `settings` are the method's keys that differ from its defaults, sorted."""

    dataset: str
    method: str
    seed: int = 0
    label_noise: float = 0.0
    architecture: str = ""
    settings: tuple[tuple[str, Value], ...] = ()

    @property
    def id(self) -> str:
        """The slug, for example `cifar10-sglr-r0.4-T1-s0`; it reads back as this run, whatever the values."""
        parts = (
            [self.dataset]
            + ([self.architecture] if self.architecture else [])
            + [self.method]
        )
        parts += [_part(key, value) for key, value in self.settings]
        parts += [_part("label_noise", self.label_noise)] if self.label_noise else []
        return "-".join([*parts, f"s{self.seed}"])

    def method_settings(self) -> Any:
        """The method's record, defaults filled in. Raises UsageError for a key or value not allowed."""
        return from_mapping(
            METHODS[self.method],
            dict(self.settings),
            f"run {self.id}: method '{self.method}'",
        )


def _part(key: str, value: Value) -> str:
    if isinstance(value, bool):
        return f"{key}={str(value).lower()}"
    return (
        f"{key}={value}"
        if isinstance(value, str)
        else f"{_SHORT.get(key, key)}{exact(value)}"
    )


def make_run(
    dataset: str,
    method: str,
    *,
    seed: int = 0,
    label_noise: float = 0.0,
    architecture: str = "",
    **settings: Value,
) -> Run:
    """Return the run, its settings checked and those at their default dropped, so that equal runs are equal."""
    record: Any = method_named(method)
    _check_name(dataset)
    _check_name(architecture or method)
    check_range("seed", seed, 0, LARGEST_SEED)
    if not isinstance(label_noise, int | float):
        raise UsageError(f"label_noise must be a number, got {label_noise!r}")
    if not 0 <= label_noise < 1:
        raise UsageError(f"label_noise must be within [0, 1), got {exact(label_noise)}")
    where = f"a run of {dataset}: method '{method}'"
    full = from_mapping(record, settings, where)
    if getattr(full, "r", None) == 0:
        # r = 0 never looks at the temperature: its cells are one run.
        settings.pop("temperature", None)
        full = from_mapping(record, settings, where)
    default = record()
    differing = {}
    for field in fields(full):
        value = getattr(full, field.name)
        if value != getattr(default, field.name):
            differing[field.name] = value
            if isinstance(value, str):
                _check_name(value)
    return Run(
        dataset,
        method,
        seed,
        float(label_noise),
        architecture,
        tuple(sorted(differing.items())),
    )


def _check_name(name: str) -> None:
    """Raise UsageError unless `name` can be part of a run's id, and so of a path: one folder's name, no more."""
    if not _NAME.fullmatch(str(name)):
        raise UsageError(f"a name is letters, digits and '_', got {name!r}")


def parse_run(run_id: str, datasets: list[str]) -> Run:
    """Return the run that `run_id` names. Raises UsageError where it names none, or not by the run's own name."""
    dataset, *parts = run_id.split("-")
    if dataset not in datasets:
        raise UsageError(f"run {run_id!r}: {unknown(dataset, datasets, 'data set')}")
    architecture = parts.pop(0) if len(parts) > 1 and parts[1] in METHODS else ""
    method = parts.pop(0) if parts else ""
    values: dict[str, Any] = dict(_read_part(part, run_id) for part in parts)
    seed, noise = values.pop("s", 0.0), values.pop("label_noise", 0.0)
    for name in ("dataset", "method", "architecture", "seed"):  # said otherwise
        if name in values:
            raise UsageError(f"run {run_id!r}: {name!r} is no setting of a method")
    if isinstance(seed, str):
        raise UsageError(f"run {run_id!r}: seed must be a number, got {seed!r}")
    check_range("seed", seed, 0, LARGEST_SEED)
    run = make_run(
        dataset,
        method,
        seed=int(seed),
        label_noise=noise,
        architecture=architecture,
        **values,
    )
    if run.id != run_id:
        raise UsageError(
            f"run {run_id!r}: not a run's own name; did you mean {run.id!r}?"
        )
    return run


def _read_part(part: str, run_id: str) -> tuple[str, Value]:
    """A setting's name and value."""
    if match := _NUMBER.fullmatch(part):
        return _LONG.get(match[1], match[1]), float(match[2])
    if match := _WORD.fullmatch(part):
        return match[1], _FLAGS.get(match[2], match[2])
    raise UsageError(
        f"run {run_id!r}: cannot read {part!r}; expected a setting such as r0.4 or mode=hinge"
    )
