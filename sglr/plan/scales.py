"""A scale: data, network, schedule and sizes, read from config/scales/NAME.yaml. Imports no torch."""

from dataclasses import dataclass, fields
from pathlib import Path

from sglr.files.errors import UsageError
from sglr.files.settings import check_range, from_mapping, read_yaml

CONFIG = Path(__file__).resolve().parents[2] / "config"
SOURCES = ("digits", "numbers", "cifar10", "cifar100")
ARCHITECTURES = ("small_resnet", "resnet18", "preact_resnet18")


@dataclass(frozen=True)
class DataSpec:
    """Which images of which source are trained on, held out and tested on."""

    name: str
    source: str
    num_train: int
    num_validation: int
    num_test: int
    augment: bool = False

    def __post_init__(self) -> None:
        if self.source not in SOURCES:
            raise UsageError(f"source must be one of {', '.join(SOURCES)}, got {self.source!r}")
        for size in ("num_train", "num_validation", "num_test"):
            check_range(size, getattr(self, size), 1, 10**6)


@dataclass(frozen=True)
class Roles:
    """The name of the data set that stands for CIFAR-10, for CIFAR-100, and for the label-noise figures."""

    ten_classes: str
    hundred_classes: str
    label_noise: str


@dataclass(frozen=True)
class NetworkSpec:
    """Architecture (`figure1` for Figure 1 alone) and its width, the channels of the first stage."""

    architecture: str
    figure1: str
    width: int
    stem_stride: int = 1

    def __post_init__(self) -> None:
        for name in (self.architecture, self.figure1):
            if name not in ARCHITECTURES:
                raise UsageError(f"unknown architecture {name!r}; allowed: {', '.join(ARCHITECTURES)}")
        check_range("width", self.width, 1, 10**4)
        check_range("stem_stride", self.stem_stride, 1, 8)


@dataclass(frozen=True)
class AttackSpec:
    """The l-infinity ball and the steps of PGD in it; lengths in units of pixels in [0, 1]."""

    epsilon: float
    step_size: float
    train_steps: int
    curve_steps: int
    test_steps: int

    def __post_init__(self) -> None:
        check_range("epsilon", self.epsilon, 0, 1)
        check_range("step_size", self.step_size, 0, 1)
        for steps in ("train_steps", "curve_steps", "test_steps"):
            check_range(steps, getattr(self, steps), 1, 1000)


@dataclass(frozen=True)
class Optimisation:
    """SGD with momentum; the learning rate drops at 50 % and 75 % of the epochs."""

    epochs: int
    batch_size: int
    learning_rate: float
    momentum: float
    weight_decay: float

    def __post_init__(self) -> None:
        check_range("epochs", self.epochs, 1, 10000)
        check_range("batch_size", self.batch_size, 2, 10**5)
        check_range("learning_rate", self.learning_rate, 0, 100)
        check_range("momentum", self.momentum, 0, 1)
        check_range("weight_decay", self.weight_decay, 0, 1)


@dataclass(frozen=True)
class Engine:
    """How training computes: `precision` fp32 or bf16 of attack and training (weights, optimiser, losses stay fp32),
    `fold` BatchNorm into the convolutions for the attack, images and kernels in `channels_last` memory, the attacked
    network's passes replayed as CUDA `graphs` (on a GPU alone)."""

    precision: str
    fold: bool
    channels_last: bool
    graphs: bool

    def __post_init__(self) -> None:
        if self.precision not in ("fp32", "bf16"):
            raise UsageError(f"precision must be fp32 or bf16, got {self.precision!r}")


PLAIN = Engine(precision="fp32", fold=False, channels_last=False, graphs=False)


@dataclass(frozen=True)
class Measurement:
    """How many test images each measurement uses; with `fast_autoattack` AutoAttack searches on a bf16 copy first."""

    batch_size: int
    num_curve: int
    num_autoattack: int
    fast_autoattack: bool
    trajectory_every: int
    num_gradient: int
    num_information_batches: int
    num_features: int

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.type is int:
                check_range(field.name, getattr(self, field.name), 1, 10**6)


@dataclass(frozen=True)
class Seeds:
    """How many seeds (0, 1, ...) the tables and Figure 4 use."""

    default: int
    figure4: int

    def __post_init__(self) -> None:
        check_range("default", self.default, 1, 1000)
        check_range("figure4", self.figure4, 1, 1000)


@dataclass(frozen=True)
class Cost:
    """Minutes of one job on the scale's own hardware: an estimate until a run's manifest says what it took."""

    adversarial: float
    standard: float
    evaluation: float

    def __post_init__(self) -> None:
        for field in fields(self):
            check_range(field.name, getattr(self, field.name), 0, 10**6)


@dataclass(frozen=True)
class Scale:
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
    threads: int
    cost: Cost

    def __post_init__(self) -> None:
        check_range("threads", self.threads, 1, 1024)
        for role in (self.roles.ten_classes, self.roles.hundred_classes, self.roles.label_noise):
            if role not in self.data:
                raise UsageError(f"roles names data set {role!r}; allowed: {', '.join(self.data)}")


def scale_names() -> list[str]:
    """The scales that have a file."""
    return sorted(path.stem for path in (CONFIG / "scales").glob("*.yaml"))


def load_scale(name: str) -> Scale:
    """Return the scale of config/scales/`name`.yaml. Raises UsageError with file, key, value and what is allowed."""
    if name not in scale_names():
        raise UsageError(f"unknown scale {name!r}; allowed: {', '.join(scale_names())}")
    where = f"config/scales/{name}.yaml"
    content = read_yaml(CONFIG / "scales" / f"{name}.yaml")
    if not isinstance(content, dict) or not isinstance(content.get("data"), dict):
        raise UsageError(f"{where}: expected a mapping, with a mapping 'data' in it")
    if "name" in content:
        raise UsageError(f"{where}: unknown key 'name'; the file's own name is the scale's")
    named = {key: {"name": key} | spec if isinstance(spec, dict) else spec for key, spec in content["data"].items()}
    return from_mapping(Scale, content | {"name": name, "data": named}, where)
