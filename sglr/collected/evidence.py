"""What the claims need besides the tables and figures: comparisons on the same images, seconds, information in weights.

Imports no torch.
"""

from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

from sglr.collected.paired import correct_images, paired_difference
from sglr.files.errors import UsageError
from sglr.files.records import read_json, write_csv
from sglr.plan.plan import Plan
from sglr.plan.runs import Run, make_run

_RIVALS = ("at", "ls", "te", "awp", "kd_at", "kd_swa", "at_wa", "at_ls_wa")
_COMPARED = [
    *((name, rival) for name in ("sglr", "sglr_released") for rival in _RIVALS),
    ("ls", "at"),
    ("trades_sglr", "trades"),
]
_Bits = dict[tuple[str, str], str]  # (checkpoint, attack) -> which images stayed correct


def collect_evidence(plan: Plan, results: Path) -> None:
    """Write results/{scale}/collected/pairs.csv, costs.csv and information.csv from the runs that are there.

    Raises UsageError where there is none.
    """
    folder = results / plan.scale.name
    found = {"pairs": _pairs(plan, folder), "costs": _costs(plan, folder), "information": _information(plan, folder)}
    if not any(found.values()):
        raise UsageError(f"evidence: no run of a table is in {folder / 'runs'} yet")
    for name, rows in found.items():
        write_csv(folder / "collected" / f"{name}.csv", rows)


def _pairs(plan: Plan, folder: Path) -> list[dict[str, Any]]:
    """One row for each comparison of two of the tables' cells on the same images."""
    rows, runs = [], _table_runs(plan, folder)
    for seed, (role, dataset) in product(sorted({run.seed for run in runs}), _datasets(plan).items()):
        named = {run.method: run for run in runs if (run.dataset, run.seed) == (dataset, seed)}
        bits = {name: found for name, run in named.items() if (found := _bits(run, folder))}
        cells = [((name, "best"), (name, "final")) for name in bits]
        cells += [((one, at), (other, at)) for (one, other) in _COMPARED for at in ("best", "final")]
        if role == "ten_classes":
            grid = _grid(plan, seed)
            bits |= {name: found for name, run in grid.items() if (found := _bits(run, folder))}
            cells += _grid_cells()
        origin = {"role": role, "seed": seed}
        rows += [origin | row for one, other in cells for row in _compare(bits, one, other)]
    return rows


def _datasets(plan: Plan) -> dict[str, str]:
    return {"ten_classes": plan.scale.roles.ten_classes, "hundred_classes": plan.scale.roles.hundred_classes}


def _table_runs(plan: Plan, folder: Path) -> list[Run]:
    return list(dict.fromkeys([*plan.shown_runs("table2", folder), *plan.shown_runs("table3", folder)]))


def _grid(plan: Plan, seed: int) -> dict[str, Run]:
    """Table 4's runs that are compared, named sglr/R/T; r = 0 is one run under every temperature."""
    dataset = plan.scale.roles.ten_classes
    cells = product((0.0, 0.2, 0.4, 0.6, 0.8), (1.0, 1.5, 2.0))
    return {f"sglr/{r:g}/{t:g}": make_run(dataset, "sglr", seed=seed, r=r, temperature=t) for r, t in cells}


def _grid_cells() -> list[tuple[tuple[str, str], tuple[str, str]]]:
    ends = product((1, 1.5, 2), (0, 0.8))
    return [((f"sglr/0.2/{t:g}", "final"), (f"sglr/{r:g}/{t:g}", "final")) for t, r in ends]


def _bits(run: Run, folder: Path) -> _Bits:
    path = folder / "runs" / run.id / "evaluation.json"
    return correct_images(read_json(path)) if path.exists() else {}


def _compare(bits: dict[str, _Bits], one: tuple[str, str], other: tuple[str, str]) -> list[dict[str, Any]]:
    """One row for each attack under which both cells were measured."""
    rows = []
    for attack in ("pgd20", "autoattack"):
        images = [bits.get(name, {}).get((checkpoint, attack)) for name, checkpoint in (one, other)]
        if images[0] and images[1]:
            cells = {"one": one[0], "one_checkpoint": one[1], "other": other[0], "other_checkpoint": other[1]}
            rows.append({"attack": attack} | cells | paired_difference(images[0], images[1]))
    return rows


def _costs(plan: Plan, folder: Path) -> list[dict[str, Any]]:
    """Seconds of training of each epoch of the tables' runs, evaluation left out.

    A manifest without a `clock` is left out: its seconds are those of a wall clock beside other jobs.
    """
    roles = {dataset: role for role, dataset in _datasets(plan).items()}
    rows = []
    for run in _table_runs(plan, folder):
        path = folder / "runs" / run.id / "manifest.json"
        manifest = read_json(path) if path.exists() else {}
        if "clock" in manifest:
            origin = {"role": roles[run.dataset], "method": run.method, "seed": run.seed}
            origin["device"] = manifest["origin"]["device"]
            seconds = enumerate(manifest["training_seconds_per_epoch"], start=1)
            rows += [origin | {"epoch": epoch, "seconds": value} for epoch, value in seconds]
    return rows


def _information(plan: Plan, folder: Path) -> list[dict[str, Any]]:
    """Information in the weights of the final networks of Figure 2's runs, as far as it was measured."""
    rows = []
    for run in plan.shown_runs("figure2", folder):
        path = folder / "runs" / run.id / "trajectory.csv"
        if path.exists():
            last = pd.read_csv(path).iloc[-1]
            values = {name: float(last[name]) for name in ("epoch", "information_in_weights")}
            rows.append({"method": run.method, "seed": run.seed} | values)
    return rows
