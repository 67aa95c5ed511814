"""The runs that a claim is judged on. Imports no torch."""

from sglr.claims.claim import Claim
from sglr.collected.evidence import cell_of
from sglr.plan.names import HUNDRED, TEN
from sglr.plan.runs import Run
from sglr.plan.scales import Scale

# A part of the paper -> the artefacts whose runs its claims are judged on.
_PARTS = {
    "Tables 2 and 3": ("table2", "table3"),
    "Ours": ("table2", "table_start"),
    "Cells": ("table2", "table3", "table4"),
    "Cost": ("cost",),
    "Theory": ("claims",),
    **{f"Table {n}": (f"table{n}",) for n in (1, 2, 3, 4)},
    **{f"Fig. {n}": (f"figure{n}",) for n in (1, 2, 3, 4, 5)},
}
# Measures whose runs are those of another part.
_MEASURES = {"less_information": ("figure2",), "vanished": ("figure5",)}
_NAMED = {"vanished": {"standard"}}  # hard labels without noise
_TEMPERATURES = (1, 1.5, 2)  # of Table 4


def artefacts_of(claim: Claim) -> tuple[str, ...]:
    """Return what a claim is judged on: artefacts, "cost" or "claims"; none for a part that is not known."""
    return _MEASURES.get(claim.measure, _PARTS.get(claim.part, ()))


def behind_claim(claim: Claim, runs: dict[str, list[Run]], scale: Scale) -> list[str]:
    """Return the ids of the finished runs that a claim is judged on: of its artefacts' `runs` those of the data set,
    the label noise and the methods that it names; all of them where it names none."""
    named = _NAMED.get(claim.measure, set()) | _words(claim)
    noises = {part["noise"] for part in claim.parts.values() if "noise" in part}
    datasets = {getattr(scale.roles, role) for role in (TEN, HUNDRED) if role in named}
    asked = [run for name in artefacts_of(claim) for run in runs.get(name, [])]
    ours = [
        run
        for run in asked
        if (not datasets or run.dataset in datasets)
        and (not noises or run.label_noise in noises)
    ]
    # Beside a noise every method of the figure is meant.
    meant = [run for run in ours if named & _names(run)] if not noises else []
    return list(dict.fromkeys(run.id for run in meant or ours))


def _words(claim: Claim) -> set[str]:
    values = [value for part in claim.parts.values() for value in part.values()]
    return {value for value in values if isinstance(value, str)}


def _names(run: Run) -> set[str]:
    """What claims call a run: by what tells it from others; in Table 4 sglr/r/T, with r = 0 at every T."""
    settings = run.method_settings()
    r, own = (getattr(settings, key, 0.0) for key in ("r", "temperature"))
    temperatures = (own,) if r else _TEMPERATURES
    return {cell_of(run), *(f"{run.method}/{r:g}/{each:g}" for each in temperatures)}
