"""The objective of every method, one file a method."""

from typing import Any

from sglr.objectives.at import AdversarialTraining, SmoothedAdversarialTraining
from sglr.objectives.awp import AdversarialWeightPerturbation
from sglr.objectives.base import Loss, Objective, Setup
from sglr.objectives.kd_at import DistilledAdversarialTraining
from sglr.objectives.kd_swa import TwoTeacherDistillation
from sglr.objectives.sglr import SelfGuidedLabelRefinement
from sglr.objectives.standard import RefinedStandardTraining, SmoothedStandardTraining, StandardTraining
from sglr.objectives.te import TemporalEnsembling
from sglr.objectives.trades import TradesObjective
from sglr.objectives.trades_sglr import RefinedTrades

__all__ = ["Loss", "Objective", "Setup", "build_objective"]

_OBJECTIVES: dict[str, type[Objective]] = {
    "at": AdversarialTraining,
    "ls": SmoothedAdversarialTraining,
    "te": TemporalEnsembling,
    "sglr": SelfGuidedLabelRefinement,
    "sglr_released": SelfGuidedLabelRefinement,
    "awp": AdversarialWeightPerturbation,
    "kd_at": DistilledAdversarialTraining,
    "kd_swa": TwoTeacherDistillation,
    "trades": TradesObjective,
    "trades_sglr": RefinedTrades,
    "at_wa": AdversarialTraining,
    "at_ls_wa": SmoothedAdversarialTraining,
    "standard": StandardTraining,
    "standard_ls": SmoothedStandardTraining,
    "standard_sglr": RefinedStandardTraining,
}


def build_objective(method: str, settings: Any, setup: Setup) -> Objective:
    """Return the objective of `method` (a key of METHODS), with that method's `settings`."""
    return _OBJECTIVES[method](settings, setup)
