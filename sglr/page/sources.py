"""Where a number comes from: its runs, and the commands that make it again. Imports no torch."""

from typing import Any

import pandas as pd

from sglr.artefacts import is_figure, load
from sglr.plan.names import HUNDRED, STOPPED, TEN
from sglr.plan.plan import Plan
from sglr.plan.runs import Run
from sglr.plan.scales import Scale

Commands = dict[str, Any]
# A file of a run -> the command that writes it.
_STAGES = {
    "evaluation.json": "evaluate",
    "trajectory.csv": "trajectory",
    "features.csv": "features",
}
_OTHERS = {"forwards.json": "count-forwards"}
# What tells runs of one method apart in a table's rows.
_SETTINGS = ("r", "start")
# What is no artefact: the commands of each of its runs, and those after them.
_BESIDE: dict[str, tuple[list[str], list[str]]] = {
    "curves": (["train"], ["report"]),
    "paths": (["train", "trajectory"], ["report"]),
    "cost": ([], ["time-steps"]),
    "claims": ([], []),
}


def commands(plan: Plan) -> dict[str, Commands]:
    """Return the commands behind every artefact, the page's two charts, and claims without an artefact."""
    scale = plan.scale
    found = {name: _of_artefact(name, scale) for name in plan.artefacts}
    for name, (each, after) in _BESIDE.items():
        found[name] = _commands(name, each, after, scale)
    return found


def claims_command(scale: Scale) -> str:
    """Return what judges every claim."""
    return _words("claims", scale)


def _of_artefact(name: str, scale: Scale) -> Commands:
    module = load(name)
    stages = [_STAGES[file] for file in module.READS if file in _STAGES]
    read = getattr(module, "ALSO_READS", ())
    others = [_OTHERS[file] for file in read if file in _OTHERS]
    each = ["train", *stages] if module.READS else []
    after = [*others, f"collect {name}", f"draw {name}"]
    end = f"results/{scale.name}/tables/{name}.md"
    if is_figure(name):
        end = f"figures/{scale.name}/{name}.png"
    found = _commands(module.TITLE, each, after, scale)
    return found | {"all": [f"snakemake --cores 1 {end}"]}


def _commands(title: str, each: list[str], after: list[str], scale: Scale) -> Commands:
    return {
        "title": title,
        "each": [_words(f"{stage} RUN", scale) for stage in each],
        "after": [_words(command, scale) for command in after],
        "all": [],
    }


def _words(command: str, scale: Scale) -> str:
    return f"sglr {command} --scale {scale.name}"


def run_words(run: dict[str, Any]) -> dict[str, Any]:
    """What is said of a run beside its id."""
    return {key: run[key] for key in ("seed", "seconds", "commit", "device")}


def behind(
    index: dict[str, Any], settings: dict[str, float], runs: list[Run], scale: Scale
) -> list[str]:
    """Return the ids of the runs behind a table's row or cell: those that agree with what the row's index says of
    runs, and with these settings; all where nothing is said."""
    own = {key: index[key] for key in _SETTINGS if not pd.isna(index.get(key))}
    wanted: dict[str, Any] = own | settings
    if "method" in index:
        wanted["method"] = "at" if index["method"] == STOPPED else index["method"]
    if index.get("role") in (TEN, HUNDRED):
        wanted["dataset"] = getattr(scale.roles, index["role"])
    agreeing = [run.id for run in runs if _agrees(run, wanted)]
    return agreeing or [run.id for run in runs]


def _agrees(run: Run, wanted: dict[str, Any]) -> bool:
    own = {"method": run.method, "dataset": run.dataset, **vars(run.method_settings())}
    return all(own.get(key) == value for key, value in wanted.items())
