"""A scale: data, network, schedule and sizes, read from config/scales/NAME.yaml. Imports no torch."""

import re
from dataclasses import dataclass, replace
from os.path import normpath
from pathlib import Path
from typing import Any

from sglr.files.errors import UsageError
from sglr.files.extensions import names_of
from sglr.files.settings import Settings, from_mapping, read_yaml, setting, unknown
from sglr.plan.changes import apply, differences

CONFIG = Path(__file__).resolve().parents[2] / "config"
SOURCES = names_of("datasets")
ARCHITECTURES = names_of("architectures")


@dataclass(frozen=True)
class DataSpec(Settings):
    """Which images of which source are trained on, held out and tested on."""

    name: str
    source: str = setting(choices=SOURCES)
    num_train: int = setting(low=1, high=10**6)
    num_validation: int = setting(low=1, high=10**6)
    num_test: int = setting(low=1, high=10**6)
    augment: bool = False


@dataclass(frozen=True)
class Roles:
    """The name of the data set that stands for CIFAR-10, for CIFAR-100, and for the label-noise figures."""

    ten_classes: str
    hundred_classes: str
    label_noise: str


@dataclass(frozen=True)
class NetworkSpec(Settings):
    """Architecture (`figure1` for Figure 1 alone) and its width, the channels of the first stage."""

    architecture: str = setting(choices=ARCHITECTURES)
    figure1: str = setting(choices=ARCHITECTURES)
    width: int = setting(low=1, high=10**4)
    stem_stride: int = setting(1, low=1, high=8)


@dataclass(frozen=True)
class AttackSpec(Settings):
    """The l-infinity ball and the steps of PGD in it; lengths in units of pixels in [0, 1]."""

    epsilon: float = setting()
    step_size: float = setting()
    train_steps: int = setting(low=1, high=1000)
    curve_steps: int = setting(low=1, high=1000)
    test_steps: int = setting(low=1, high=1000)


@dataclass(frozen=True)
class Optimisation(Settings):
    """SGD with momentum; the learning rate drops at 50 % and 75 % of the epochs."""

    epochs: int = setting(low=1, high=10**4)
    batch_size: int = setting(low=2, high=10**5)
    learning_rate: float = setting(high=100)
    momentum: float = setting()
    weight_decay: float = setting()


@dataclass(frozen=True)
class Engine(Settings):
    """How training computes: `precision` fp32 or bf16 of attack and training (weights, optimiser, losses stay fp32),
    `fold` BatchNorm into the convolutions for the attack, images and kernels in `channels_last` memory, the attacked
    network's passes replayed as CUDA `graphs` (on a GPU alone)."""

    precision: str = setting(choices=("fp32", "bf16"))
    fold: bool = setting()
    channels_last: bool = setting()
    graphs: bool = setting()


PLAIN = Engine(precision="fp32", fold=False, channels_last=False, graphs=False)


@dataclass(frozen=True)
class Measurement(Settings):
    """How many test images each measurement uses; with `fast_autoattack` AutoAttack searches on a bf16 copy first."""

    batch_size: int = setting(low=1, high=10**6)
    num_curve: int = setting(low=1, high=10**6)
    num_autoattack: int = setting(low=1, high=10**6)
    fast_autoattack: bool = setting()
    trajectory_every: int = setting(low=1, high=10**6)
    num_gradient: int = setting(low=1, high=10**6)
    num_information_batches: int = setting(low=1, high=10**6)
    num_features: int = setting(low=1, high=10**6)


@dataclass(frozen=True)
class Seeds(Settings):
    """How many seeds (0, 1, ...) the tables and Figure 4 use."""

    default: int = setting(low=1, high=1000)
    figure4: int = setting(low=1, high=1000)


@dataclass(frozen=True)
class Cost(Settings):
    """Minutes of one job on the scale's own hardware: an estimate until a run's manifest says what it took."""

    adversarial: float = setting(high=10**6)
    standard: float = setting(high=10**6)
    evaluation: float = setting(high=10**6)


@dataclass(frozen=True)
class Scale(Settings):
    """Everything that a scale fixes."""

    name: str
    label: str
    data: dict[str, DataSpec]
    roles: Roles
    network: NetworkSpec
    attack: AttackSpec
    adversarial: Optimisation
    standard: Optimisation
    measurement: Measurement
    seeds: Seeds
    engine: Engine
    gpu: bool
    threads: int = setting(low=1, high=1024)
    cost: Cost = setting()

    def __post_init__(self) -> None:
        super().__post_init__()
        for role in (self.roles.ten_classes, self.roles.hundred_classes, self.roles.label_noise):
            if role not in self.data:
                raise UsageError(f"roles names data set {role!r}; allowed: {', '.join(self.data)}")


def scale_names() -> list[str]:
    """The scales that have a file."""
    return sorted(path.stem for path in (CONFIG / "scales").glob("*.yaml"))


def load_scale(name: str) -> Scale:
    """Return the scale of config/scales/NAME.yaml, or of a file of one's own, with what `name` changes of it.

    A changed scale is named NAME+KEY=VALUE+..., such as mini+attack.epsilon=4/255; its own name has the values as they
    were read, the keys sorted, and none that the file has anyway. Raises UsageError with file, key, value and what is
    allowed.
    """
    file, *changes = re.split(r"\+(?!.*\.ya?ml)", name)
    content = scale_content(file)
    plain = _scale(content, _own_name(file), _shown(file))
    if not changes:
        return plain
    for change in changes:
        apply(change, content)
    changed = _scale(content, plain.name, f"{_shown(file)} with {' and '.join(changes)}")
    differing = "".join(f"+{key}={value}" for key, value in sorted(differences(plain, changed, changes)))
    return replace(changed, name=plain.name + differing, label=plain.label + differing.replace("+", ", "))


def _own_name(file: str) -> str:
    """The name of a scale, and of its results folder. Raises UsageError where another scale has it."""
    name = Path(file).stem
    if not re.fullmatch(r"[A-Za-z0-9_]+", name):
        raise UsageError(f"{file}: a scale's name is letters, digits and '_', got {name!r}")
    own = CONFIG / "scales" / f"{name}.yaml"
    if _is_file(file) and own.exists() and not own.samefile(file):
        raise UsageError(f"{file}: there is a scale {name!r} already, in config/scales; rename the file")
    return name


def scale_content(name: str) -> dict[str, Any]:
    """Return what the file of a scale says, that of its `base` filled in. Raises UsageError."""
    seen: list[str] = []
    content: dict[str, Any] = {}
    wanted: str | None = name
    while wanted is not None:
        if wanted in seen:
            raise UsageError(f"scale {name!r}: its bases go round in a circle: {' -> '.join([*seen, wanted])}")
        seen.append(wanted)
        own = _file_content(wanted)
        content = _merged({key: value for key, value in own.items() if key != "base"}, content)
        wanted = _base(wanted, own["base"]) if "base" in own else None
    return content


def _base(name: str, base: Any) -> str:
    """The scale that scale `name` calls its base; a file is looked for beside the file that names it."""
    folder = Path(name).parent if _is_file(name) else CONFIG / "scales"
    if _is_file(base):
        return normpath(folder / base)
    if base not in scale_names():
        raise UsageError(f"{_shown(name)}: base: {unknown(base, scale_names(), 'scale')}")
    return base


def _file_content(name: str) -> dict[str, Any]:
    if _is_file(name):
        content = read_yaml(Path(name))
    elif name in scale_names():
        content = read_yaml(CONFIG / "scales" / f"{name}.yaml")
    else:
        raise UsageError(unknown(name, scale_names(), "scale"))
    if not isinstance(content, dict):
        raise UsageError(f"{_shown(name)}: expected a mapping")
    return content


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """`below` with the values of `above`, mappings merged."""
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if both else value
    return merged


def _scale(content: dict[str, Any], name: str, where: str) -> Scale:
    if not isinstance(content.get("data"), dict):
        raise UsageError(f"{where}: expected a mapping, with a mapping 'data' in it")
    if "name" in content:
        raise UsageError(f"{where}: unknown key 'name'; the file's own name is the scale's")
    for key, spec in content["data"].items():
        if isinstance(spec, dict) and "name" in spec:
            raise UsageError(f"{where}: data.{key}: unknown key 'name'; its key is its name")
    named = {key: spec | {"name": key} if isinstance(spec, dict) else spec for key, spec in content["data"].items()}
    return from_mapping(Scale, content | {"name": name, "data": named}, where)


def _shown(name: str) -> str:
    """A scale's file as messages name it."""
    return name if _is_file(name) else f"config/scales/{name}.yaml"


def _is_file(name: Any) -> bool:
    return isinstance(name, str) and name.endswith((".yaml", ".yml"))
