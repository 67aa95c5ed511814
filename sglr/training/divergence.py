"""A training that diverges does so again: it is tried twice, and then says so at once."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor

from sglr.engine import parallel
from sglr.files.errors import UsageError
from sglr.files.origin import differences
from sglr.files.records import read_json, write_json
from sglr.files.settings import exact
from sglr.files.shapes import DIVERGED
from sglr.plan.scales import Engine, Optimisation

if TYPE_CHECKING:
    from sglr.training.job import Job

_ATTEMPTS = 2
Json = dict[str, Any]


def refuse_a_third(folder: Path, fingerprint: str, origin: Json) -> None:
    """Raise UsageError where a training of these settings, code and versions has diverged at the same step twice."""
    before = _noted(folder)
    if _same(before, fingerprint, origin) and before["attempts"] >= _ATTEMPTS:
        raise UsageError(
            f"{before['message']}. It was tried {before['attempts']} times and is not tried again with the same "
            f"settings; delete {folder / 'diverged.json'} to try it all the same"
        )


def check(job: Job, losses: Tensor, epoch: int, rate: float) -> None:
    """Raise UsageError for a loss of the epoch's steps that is not finite: where, what is saved, what helps."""
    if losses.isfinite().all():
        return
    step = int((~losses.isfinite()).nonzero()[0, 0])
    where = f"epoch {epoch}, step {step + 1}"
    key = "adversarial" if job.adversarial else "standard"
    message = f"run {job.run.id}: the loss is {losses[step].item()} at {where}, "
    message += advice(epoch - 1, rate, job.how, key, job.engine)
    if parallel.is_first():
        _note(job.folder, job.fingerprint, job.origin, where, message)
    raise UsageError(message)


def _note(
    folder: Path, fingerprint: str, origin: Json, step: str, message: str
) -> None:
    """Count in folder/diverged.json that the training diverged at this step."""
    before = _noted(folder)
    again = _same(before, fingerprint, origin) and before["step"] == step
    attempts = before["attempts"] + 1 if again else 1
    what = {"fingerprint": fingerprint, "step": step, "attempts": attempts}
    write_json(folder / "diverged.json", what | {"message": message, "origin": origin})


def advice(saved: int, rate: float, how: Optimisation, key: str, engine: Engine) -> str:
    """Return the epoch's rate, what is saved and what helps; `key` is what the scale's file calls `how`."""
    kept = f"epochs 1 to {saved} are saved" if saved else "no epoch is saved"
    helps = f"--set {key}.learning_rate={how.learning_rate / 10:g}"
    helps += " or --set engine.precision=fp32" if engine.precision != "fp32" else ""
    return (
        f"at a learning rate of {exact(rate)}; the last good epoch is {saved or 'none'}, {kept}; "
        f"a lower rate usually helps ({helps})"
    )


def _noted(folder: Path) -> Json:
    with suppress(UsageError):  # none, or damaged: then it counts anew
        return read_json(folder / "diverged.json", DIVERGED)
    return {}


def _same(before: Json, fingerprint: str, origin: Json) -> bool:
    """Whether what was noted is of these settings, code, versions and device."""
    return before.get("fingerprint") == fingerprint and not differences(
        before["origin"], origin
    )
