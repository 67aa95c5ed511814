"""A scale: data, network, schedule and sizes, as plain records. Imports no torch."""

from dataclasses import dataclass

from sglr.files.errors import UsageError
from sglr.files.extensions import names_of
from sglr.files.settings import Settings, setting, unknown

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
    """The ball of a `norm` (linf or l2) and the steps of PGD in it; lengths in units of pixels in [0, 1]."""

    epsilon: float = setting()
    step_size: float = setting()
    train_steps: int = setting(low=1, high=1000)
    curve_steps: int = setting(low=1, high=1000)
    test_steps: int = setting(low=1, high=1000)
    norm: str = setting("linf", choices=("linf", "l2"))


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
    `fold` BatchNorm into the convolutions for the attack, images and kernels in `channels_last` memory, the whole
    attack, in training and in measurements, replayed as a CUDA graph (`graphs`, on a GPU alone)."""

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
    num_features: int = setting(low=4, high=10**6)


@dataclass(frozen=True)
class Seeds(Settings):
    """How many seeds (0, 1, ...) the tables and Figure 4 use."""

    default: int = setting(low=1, high=1000)
    figure4: int = setting(low=1, high=1000)


@dataclass(frozen=True)
class Cost(Settings):
    """Minutes of one job on the scale's own hardware: an estimate until a run's manifest says what it took; and the
    megabytes of one network's file."""

    adversarial: float = setting(high=10**6)
    standard: float = setting(high=10**6)
    evaluation: float = setting(high=10**6)
    megabytes: float = setting(0.0, high=10**6)


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
        for role in (
            self.roles.ten_classes,
            self.roles.hundred_classes,
            self.roles.label_noise,
        ):
            if role not in self.data:
                raise UsageError(f"roles: {unknown(role, self.data, 'data set')}")
