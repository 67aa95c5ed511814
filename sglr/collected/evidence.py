"""What the claims need besides the tables: comparisons on the same images, seconds, information in weights."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

from sglr.collected.paired import correct_images, paired_difference
from sglr.collected.runs import Runs
from sglr.files.errors import UsageError
from sglr.files.records import read_csv, write_csv
from sglr.plan.names import HUNDRED, ROBUST, TEN
from sglr.plan.plan import Plan
from sglr.plan.runs import Run

EVIDENCE = ("pairs", "costs", "information")  # the collected files
_VARIANTS = ("sglr", "sglr_released")
_PEAK_R = 0.2  # where the paper sees the peak of Table 4

Row = dict[str, Any]
# A method, or "sglr/R/T" for a cell of Table 4, and a checkpoint.
Cell = tuple[str, str]
Bits = dict[tuple[str, str], str]  # (checkpoint, attack) -> which images stayed correct


def collect_evidence(plan: Plan, results: Path) -> None:
    """Write results/{scale}/collected/pairs.csv, costs.csv and information.csv from the runs that are there.

    Raises UsageError where there is none.
    """
    folder = results / plan.scale.name
    found = {
        "pairs": _pairs(plan, folder),
        "costs": _costs(plan, folder),
        "information": _information(plan, folder),
    }
    if not any(found.values()):
        raise UsageError(f"evidence: no run of a table is in {folder / 'runs'} yet")
    for name, rows in found.items():
        write_csv(folder / "collected" / f"{name}.csv", rows)


def evidence_inputs(plan: Plan, folder: Path) -> list[str]:
    """Return the files below `folder`, results/{scale}, that collecting the evidence reads."""
    evaluated = [
        *_tables(plan, folder, "evaluation.json"),
        *_of(plan, folder, "evaluation.json", "table4"),
    ]
    trained = _tables(plan, folder, "manifest.json")
    informed = _of(plan, folder, "trajectory.csv", "figure2")
    wanted = [
        name for runs in (*evaluated, *trained, *informed) for name in runs.inputs
    ]
    return list(dict.fromkeys(wanted))


def _of(plan: Plan, folder: Path, file: str, *artefacts: str) -> list[Runs]:
    """The runs of some artefacts, as far as one file of each is concerned."""
    return [
        Runs(plan, tuple(plan.runs_of.get(name, ())), (file,), folder)
        for name in artefacts
    ]


def _tables(plan: Plan, folder: Path, file: str) -> list[Runs]:
    return _of(plan, folder, file, "table2", "table3")


def _done(found: list[Runs]) -> dict[Run, Runs]:
    """Every complete run once, with where it lies."""
    return {run: runs for runs in found for run in runs.done}


def _roles(plan: Plan) -> dict[str, str]:
    """Data set -> its role."""
    return {
        plan.scale.roles.ten_classes: TEN,
        plan.scale.roles.hundred_classes: HUNDRED,
    }


def _pairs(plan: Plan, folder: Path) -> list[Row]:
    """One row for each comparison of two of the tables' cells on the same images."""
    tables = _bits(_done(_tables(plan, folder, "evaluation.json")))
    grid = _bits(_done(_of(plan, folder, "evaluation.json", "table4")))
    seeds = sorted({run.seed for run in tables})
    rows: list[Row] = []
    for seed, (dataset, role) in product(seeds, _roles(plan).items()):
        bits = {
            run.method: found
            for run, found in tables.items()
            if (run.dataset, run.seed) == (dataset, seed)
        }
        cells = [((name, "best"), (name, "final")) for name in bits]
        cells += _compared(plan)
        if role == TEN:
            bits |= _grid(grid, seed)
            cells += _grid_cells(plan)
        for one, other in cells:
            rows += [
                {"role": role, "seed": seed} | row for row in _compare(bits, one, other)
            ]
    return rows


def _bits(runs: dict[Run, Runs]) -> dict[Run, Bits]:
    return {
        run: correct_images(where.json(run, "evaluation.json"))
        for run, where in runs.items()
    }


def _compared(plan: Plan) -> Iterator[tuple[Cell, Cell]]:
    """SGLR with every other method of Table 2, each of these with PGD-AT, refined TRADES with TRADES."""
    rivals = [name for name in _methods(plan, "table2") if name not in _VARIANTS]
    pairs = list(product(_VARIANTS, rivals))
    pairs += [(name, "at") for name in rivals if name != "at"]
    pairs.append(("trades_sglr", "trades"))
    for one, other in pairs:
        for checkpoint in ("best", "final"):
            yield (one, checkpoint), (other, checkpoint)


def _methods(plan: Plan, artefact: str) -> list[str]:
    return list(dict.fromkeys(run.method for run in plan.runs_of.get(artefact, ())))


def _grid(grid: dict[Run, Bits], seed: int) -> dict[str, Bits]:
    """Table 4's cells, named sglr/R/T; r = 0 is one run under every temperature."""
    settings = {run: run.method_settings() for run in grid if run.seed == seed}
    temperatures = sorted({each.temperature for each in settings.values()})
    cells = {}
    for run, each in settings.items():
        for temperature in temperatures if each.r == 0 else [each.temperature]:
            cells[f"sglr/{each.r:g}/{temperature:g}"] = grid[run]
    return cells


def _grid_cells(plan: Plan) -> list[tuple[Cell, Cell]]:
    """The peak of r beside its two ends, at each temperature."""
    settings = [run.method_settings() for run in plan.runs_of.get("table4", ())]
    if not settings:
        return []
    ends = (min(each.r for each in settings), max(each.r for each in settings))
    cells = []
    for temperature, r in product(
        sorted({each.temperature for each in settings}), ends
    ):
        cells.append(
            (
                (f"sglr/{_PEAK_R:g}/{temperature:g}", "final"),
                (f"sglr/{r:g}/{temperature:g}", "final"),
            )
        )
    return cells


def _compare(bits: dict[str, Bits], one: Cell, other: Cell) -> list[Row]:
    """One row for each attack under which both cells were measured."""
    rows = []
    for attack in ROBUST:
        first, second = (
            bits.get(name, {}).get((checkpoint, attack))
            for name, checkpoint in (one, other)
        )
        if first and second:
            cells = {
                "one": one[0],
                "one_checkpoint": one[1],
                "other": other[0],
                "other_checkpoint": other[1],
            }
            rows.append({"attack": attack} | cells | paired_difference(first, second))
    return rows


def _costs(plan: Plan, folder: Path) -> list[Row]:
    """Seconds of training of each epoch of the tables' runs, evaluation left out.

    A manifest without a `clock` is left out: its seconds are those of a wall clock beside other jobs.
    """
    roles, rows = _roles(plan), []
    for run, where in _done(_tables(plan, folder, "manifest.json")).items():
        manifest = where.json(run, "manifest.json")
        if "clock" in manifest:
            origin = {
                "role": roles[run.dataset],
                "method": run.method,
                "seed": run.seed,
            }
            origin["device"] = manifest["origin"]["device"]
            for epoch, seconds in enumerate(
                manifest["training_seconds_per_epoch"], start=1
            ):
                rows.append(origin | {"epoch": epoch, "seconds": seconds})
    return rows


def _information(plan: Plan, folder: Path) -> list[Row]:
    """Information in the weights of the final networks of Figure 2's runs, as far as it was measured."""
    rows = []
    for run, where in _done(_of(plan, folder, "trajectory.csv", "figure2")).items():
        last = read_csv(where.path(run, "trajectory.csv")).iloc[-1]
        values = {
            name: float(last[name]) for name in ("epoch", "information_in_weights")
        }
        rows.append({"method": run.method, "seed": run.seed} | values)
    return rows
