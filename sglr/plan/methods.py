"""Every method's settings, with the paper's values as defaults. Imports no torch, so the plan can read it.

`decay` and fractions of training are given for the paper's 200 epochs; `schedules` rescales them.
"""

from dataclasses import dataclass, fields
from typing import ClassVar

from sglr.plan.settings import check_range

_RANGES = {
    "r": (0, 1),
    "temperature": (0.01, 1000),
    "clean_weight": (0, 1),
    "start": (0, 1),
    "ramp_end": (0, 1),
    "average_start": (0, 1),
    "decay": (0, 1),
    "beta": (0, 1000),
    "gamma": (0, 1),
    "weight": (0, 1e6),
    "cross_entropy_weight": (0, 1),
    "standard_weight": (0, 1),
    "adversarial_weight": (0, 1),
}


@dataclass(frozen=True)
class Method:
    """What all methods share: whether there is an attack, and the methods of its teachers."""

    adversarial: ClassVar[bool] = True
    teachers: ClassVar[tuple[str, ...]] = ()
    label: ClassVar[str] = ""

    def __post_init__(self) -> None:
        for field in fields(self):
            check_range(field.name, getattr(self, field.name), *_RANGES[field.name])


@dataclass(frozen=True)
class At(Method):
    """PGD adversarial training (Madry et al. 2018)."""

    label: ClassVar[str] = "PGD-AT"


@dataclass(frozen=True)
class Ls(Method):
    """PGD-AT with label smoothing (paper, Eq. 5)."""

    r: float = 0.2
    label: ClassVar[str] = "PGD-AT+LS"


@dataclass(frozen=True)
class Te(Method):
    """PGD-AT with temporal ensembling (Dong et al. 2022)."""

    weight: float = 300.0
    start: float = 0.45
    ramp_end: float = 0.75
    decay: float = 0.9
    label: ClassVar[str] = "PGD-AT+TE"


@dataclass(frozen=True)
class Sglr(Method):
    """Self-guided label refinement (paper, Eq. 8)."""

    r: float = 0.2
    temperature: float = 1.5
    clean_weight: float = 0.2
    start: float = 0.45
    decay: float = 0.9
    label: ClassVar[str] = "PGD-AT+SGLR"


@dataclass(frozen=True)
class SglrReleased(Sglr):
    """SGLR as in the authors' released code: the label is the average alone."""

    r: float = 1.0
    temperature: float = 1.0
    label: ClassVar[str] = "PGD-AT+SGLR (released code)"


@dataclass(frozen=True)
class Awp(Method):
    """Adversarial weight perturbation (Wu et al. 2020)."""

    gamma: float = 0.01
    label: ClassVar[str] = "AWP"


@dataclass(frozen=True)
class KdAt(Method):
    """KD-AT-Auto (Dong, Liu, Shang 2022): temperature and mixture fitted on adversarial held-out images."""

    teachers: ClassVar[tuple[str, ...]] = ("at",)
    label: ClassVar[str] = "KD-AT"


@dataclass(frozen=True)
class KdSwa(Method):
    """Distillation from two teachers and weight averaging (Chen et al. 2021)."""

    cross_entropy_weight: float = 0.3
    standard_weight: float = 0.1
    adversarial_weight: float = 0.6
    temperature: float = 2.0
    average_start: float = 0.525
    teachers: ClassVar[tuple[str, ...]] = ("standard", "at")
    label: ClassVar[str] = "KD-SWA"


@dataclass(frozen=True)
class Trades(Method):
    """TRADES (Zhang et al. 2019)."""

    beta: float = 6.0
    label: ClassVar[str] = "TRADES"


@dataclass(frozen=True)
class TradesSglr(Method):
    """TRADES with refined labels in its natural term."""

    beta: float = 6.0
    clean_weight: float = 0.2
    start: float = 0.45
    decay: float = 0.9
    label: ClassVar[str] = "TRADES+SGLR"


@dataclass(frozen=True)
class AtWa(Method):
    """PGD-AT, evaluated at an exponential average of its weights. Ours: the paper has no such row."""

    decay: float = 0.9995
    label: ClassVar[str] = "PGD-AT+WA (ours)"


@dataclass(frozen=True)
class AtLsWa(Method):
    """PGD-AT with label smoothing, evaluated at an exponential average of its weights. Ours."""

    r: float = 0.2
    decay: float = 0.9995
    label: ClassVar[str] = "PGD-AT+LS+WA (ours)"


@dataclass(frozen=True)
class Standard(Method):
    """Standard training with hard labels."""

    adversarial: ClassVar[bool] = False
    label: ClassVar[str] = "hard labels"


@dataclass(frozen=True)
class StandardLs(Method):
    """Standard training with label smoothing."""

    r: float = 0.2
    adversarial: ClassVar[bool] = False
    label: ClassVar[str] = "soft labels"


@dataclass(frozen=True)
class StandardSglr(Method):
    """Standard training with refined labels: only clean predictions are averaged, from 30 % of training."""

    r: float = 1.0
    temperature: float = 1.0
    start: float = 0.3
    decay: float = 0.9
    adversarial: ClassVar[bool] = False
    label: ClassVar[str] = "SGLR"


METHODS: dict[str, type[Method]] = {
    "at": At,
    "ls": Ls,
    "te": Te,
    "sglr": Sglr,
    "sglr_released": SglrReleased,
    "awp": Awp,
    "kd_at": KdAt,
    "kd_swa": KdSwa,
    "trades": Trades,
    "trades_sglr": TradesSglr,
    "at_wa": AtWa,
    "at_ls_wa": AtLsWa,
    "standard": Standard,
    "standard_ls": StandardLs,
    "standard_sglr": StandardSglr,
}
