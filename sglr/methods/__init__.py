"""The objective of every method, one file a method."""

from typing import Any

from sglr.methods.at import AdversarialTraining, SmoothedAdversarialTraining
from sglr.methods.awp import AdversarialWeightPerturbation
from sglr.methods.base import Loss, Objective, Setup
from sglr.methods.kd_at import DistilledAdversarialTraining
from sglr.methods.kd_swa import TwoTeacherDistillation
from sglr.methods.sglr import SelfGuidedLabelRefinement
from sglr.methods.standard import RefinedStandardTraining, SmoothedStandardTraining, StandardTraining
from sglr.methods.te import TemporalEnsembling
from sglr.methods.trades import TradesObjective
from sglr.methods.trades_sglr import RefinedTrades

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
