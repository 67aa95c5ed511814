"""The plan: which runs each table and figure needs, and what is measured on each. Imports no torch."""

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

from sglr.files.errors import UsageError
from sglr.files.settings import read_yaml
from sglr.methods import METHODS, add_methods_of_packages
from sglr.plan.runs import Run, make_run, parse_run
from sglr.plan.scales import CONFIG, Scale, Seeds, load_scale

ARTEFACTS = ("table1", "table2", "table3", "table4", "headline", "figure1", "figure2", "figure3", "figure4", "figure5")
_FILES = {  # what collecting an artefact reads of each of its runs
    "table2": ("evaluation.json",),
    "table3": ("evaluation.json",),
    "table4": ("evaluation.json",),
    "headline": ("evaluation.json",),
    "figure1": ("history.csv", "trajectory.csv"),
    "figure2": ("history.csv", "labels.csv", "manifest.json"),
    "figure3": ("trajectory.csv",),
    "figure4": ("history.csv", "manifest.json"),
    "figure5": ("features.csv", "separability.json"),
}


@dataclass(frozen=True)
class Plan:
    """The runs of every artefact at one scale."""

    scale: Scale
    runs_of: dict[str, list[Run]]

    @cached_property
    def artefacts(self) -> dict[str, list[str]]:
        """Artefact -> ids of its runs."""
        return {name: [run.id for run in runs] for name, runs in self.runs_of.items()}

    @cached_property
    def runs(self) -> dict[str, Run]:
        """Every run, teachers included, once."""
        asked = [run for runs in self.runs_of.values() for run in runs]
        taught = [teacher for run in asked for teacher in teachers_of(run)]
        return {run.id: run for run in [*taught, *asked]}

    @cached_property
    def evaluated(self) -> dict[str, bool]:
        """Id of each run that a table shows -> whether AutoAttack is part of it."""
        wanted = dict.fromkeys(self.artefacts["table4"], False)
        attacked = [run for name in ("table2", "table3", "headline") for run in self.artefacts[name]]
        return wanted | dict.fromkeys(attacked, True)

    @cached_property
    def trajectory_runs(self) -> list[str]:
        """Ids of the runs whose checkpoints are kept along the way and measured."""
        return sorted({*self.artefacts["figure1"], *self.artefacts["figure3"]})

    @property
    def information_runs(self) -> list[str]:
        """Ids of the runs whose information in weights is compared at the end: hard, soft and refined labels."""
        return self.artefacts["figure2"]

    @property
    def feature_runs(self) -> list[str]:
        """Ids of the runs whose penultimate features are drawn."""
        return self.artefacts["figure5"]

    def with_autoattack(self, run: Run) -> bool:
        """Whether AutoAttack is part of the run's evaluation, whatever its seed; so for a run that no table shows."""
        return self.evaluated.get(replace(run, seed=0).id, True)

    def inputs_of(self, artefact: str, folder: Path) -> list[str]:
        """Files below `folder` (results/{scale}) that collecting `artefact` reads."""
        if artefact == "table1":
            return ["forwards.json"]
        return [name for run in self.shown_runs(artefact, folder) for name in self.files_of(artefact, run)]

    def shown_runs(self, artefact: str, folder: Path) -> list[Run]:
        """The planned runs of `artefact`, and the same with any other seed whose files are all below `folder`."""
        planned = self.runs_of[artefact]
        names = [path.name.rpartition("-s")[2] for path in folder.glob("runs/*")]
        others = [replace(run, seed=seed) for seed in sorted({int(n) for n in names if n.isdigit()}) for run in planned]
        return list(dict.fromkeys([*planned, *(run for run in others if self.complete(artefact, run, folder))]))

    def complete(self, artefact: str, run: Run, folder: Path) -> bool:
        """Whether every file that `artefact` takes from `run` is below `folder`."""
        return all((folder / name).exists() for name in self.files_of(artefact, run))

    def files_of(self, artefact: str, run: Run) -> list[str]:
        """Files of one run, below results/{scale}, that collecting `artefact` reads."""
        return [f"runs/{run.id}/{name}" for name in _FILES.get(artefact, ())]

    def evidence_files(self, folder: Path) -> list[str]:
        """Files below `folder` (results/{scale}) that the claims need besides the tables' and figures'."""
        tables = [run.id for name in ("table2", "table3") for run in self.shown_runs(name, folder)]
        evaluated = [f"runs/{run}/evaluation.json" for run in dict.fromkeys([*tables, *self.artefacts["table4"]])]
        trained = [f"runs/{run}/manifest.json" for run in dict.fromkeys(tables)]
        return [*evaluated, *trained, *(f"runs/{run}/trajectory.csv" for run in self.information_runs)]

    def settings_of(self, run: Run) -> dict[str, Any]:
        """Everything that decides what training `run` leaves behind, resolved; 0 where no trajectory is kept."""
        kept = replace(run, seed=0).id in self.trajectory_runs
        return resolved_settings(run, self.scale) | {
            "trajectory_every": self.scale.measurement.trajectory_every if kept else 0
        }

    def estimated_minutes(self, run_id: str, stage: str) -> float:
        """Minutes, by the scale's file, of a stage (`train`, or one that measures) of a run, planned or not."""
        cost, run = self.scale.cost, self.runs.get(run_id)
        if stage != "train":
            return cost.evaluation
        return cost.standard if run and not METHODS[run.method].adversarial else cost.adversarial


def teachers_of(run: Run) -> list[Run]:
    """The runs whose best networks teach this one: same data, network and seed."""
    return [
        make_run(run.dataset, name, seed=run.seed, label_noise=run.label_noise, architecture=run.architecture)
        for name in METHODS[run.method].teachers
    ]


def resolved_settings(run: Run, scale: Scale) -> dict[str, Any]:
    """Everything that decides the outcome of `run` at `scale`, as plain values."""
    adversarial = METHODS[run.method].adversarial
    return {
        "scale": scale.name,
        "run": run.id,
        "method": run.method,
        "settings": asdict(run.method_settings()),
        "seed": run.seed,
        "label_noise": run.label_noise,
        "data": asdict(scale.data[run.dataset]),
        "network": asdict(scale.network) | {"architecture": run.architecture or scale.network.architecture},
        "attack": {key: value for key, value in asdict(scale.attack).items() if key != "test_steps"},
        "optimisation": asdict(scale.adversarial if adversarial else scale.standard),
        "engine": asdict(scale.engine),
        "num_curve": scale.measurement.num_curve,
        "threads": scale.threads,
        "teachers": [resolved_settings(teacher, scale) for teacher in teachers_of(run)],
    }


def load_plan(scale_name: str, seeds: int | None = None) -> Plan:
    """Return the plan of config/plan.yaml at the scale, with `seeds` seeds or as many as the scale says.

    Raises UsageError for whatever is not allowed in it.
    """
    add_methods_of_packages()
    scale = load_scale(scale_name)
    if seeds:
        scale = replace(scale, seeds=Seeds(seeds, max(seeds, scale.seeds.figure4)))
    content = read_yaml(CONFIG / "plan.yaml")
    if not isinstance(content, dict) or set(content) != set(ARTEFACTS):
        raise UsageError(f"config/plan.yaml: its keys must be {', '.join(ARTEFACTS)}, each once")
    return Plan(scale, {name: _runs_of(name, content[name], scale) for name in ARTEFACTS})


def find_run(run_id: str, scale: Scale) -> Run:
    """Return the run of this id, planned or not. Raises UsageError."""
    return parse_run(run_id, list(scale.data))


def _runs_of(artefact: str, lines: Any, scale: Scale) -> list[Run]:
    if not isinstance(lines, list) or not all(isinstance(line, dict) and "method" in line for line in lines):
        raise UsageError(f"config/plan.yaml: {artefact} must be a list of mappings with data and method, got {lines!r}")
    seeds = scale.seeds.figure4 if artefact == "figure4" else scale.seeds.default
    runs = [run for line in lines for seed in range(seeds) for run in _expand(line, seed, scale)]
    return list(dict.fromkeys(runs))


def _expand(line: dict[str, Any], seed: int, scale: Scale) -> list[Run]:
    axes = [value if isinstance(value, list) else [value] for value in line.values()]
    return [_one_run(dict(zip(line, values, strict=True)), seed, scale) for values in product(*axes)]


def _one_run(cell: dict[str, Any], seed: int, scale: Scale) -> Run:
    role = cell.pop("data", None)
    dataset = getattr(scale.roles, str(role), None)
    if dataset is None:
        raise UsageError(f"config/plan.yaml: data must be ten_classes, hundred_classes or label_noise, got {role!r}")
    if cell.pop("architecture", "") == "figure1" and scale.network.figure1 != scale.network.architecture:
        cell["architecture"] = scale.network.figure1
    return make_run(dataset, seed=seed, **cell)
