"""The plan: which runs each table and figure needs, and what is measured on each. Imports no torch."""

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

from sglr.methods import METHODS
from sglr.plan.runs import Run, make_run, parse_run
from sglr.plan.scales import Scale


@dataclass(frozen=True)
class Plan:
    """The runs of every artefact at one scale, in the plan file's order.

    `along` are the runs, as of seed 0, whose networks are kept and measured along the training; on `without_autoattack`
    no line of the plan asks for AutoAttack.
    """

    scale: Scale
    runs_of: dict[str, list[Run]]
    along: frozenset[Run] = frozenset()
    without_autoattack: frozenset[Run] = frozenset()

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

    def with_autoattack(self, run: Run) -> bool:
        """Whether AutoAttack is part of the run's evaluation, whatever its seed; so for a run that no line names."""
        return replace(run, seed=0) not in self.without_autoattack

    def settings_of(self, run: Run) -> dict[str, Any]:
        """Everything that decides what training `run` leaves behind, resolved; 0 where no trajectory is kept."""
        every = (
            self.scale.measurement.trajectory_every
            if replace(run, seed=0) in self.along
            else 0
        )
        return resolved_settings(run, self.scale) | {"trajectory_every": every}

    def estimated_minutes(self, run_id: str, stage: str) -> float:
        """Minutes, by the scale's file, of a stage (`train`, or one that measures) of a run, planned or not."""
        cost, run = self.scale.cost, self.runs.get(run_id)
        if stage != "train":
            return cost.evaluation
        return (
            cost.standard
            if run and not METHODS[run.method].adversarial
            else cost.adversarial
        )

    def estimated_megabytes(self, run: Run) -> float:
        """Megabytes that training the run leaves on disk: its networks, and a state with their optimiser's."""
        adversarial = METHODS[run.method].adversarial
        how = self.scale.adversarial if adversarial else self.scale.standard
        every = self.settings_of(run)["trajectory_every"]
        along = 1 + how.epochs // every if every else 0
        # best, best_validation, final; of the state network, momentum, an average; and the file being written.
        return (3 + 3 + 1 + along) * self.scale.cost.megabytes


def teachers_of(run: Run) -> list[Run]:
    """The runs whose best networks teach this one: same data, network and seed."""
    return [
        make_run(
            run.dataset,
            name,
            seed=run.seed,
            label_noise=run.label_noise,
            architecture=run.architecture,
        )
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
        "network": asdict(scale.network)
        | {"architecture": run.architecture or scale.network.architecture},
        "attack": {
            key: value
            for key, value in asdict(scale.attack).items()
            if key != "test_steps"
        },
        "optimisation": asdict(scale.adversarial if adversarial else scale.standard),
        "engine": asdict(scale.engine),
        "num_curve": scale.measurement.num_curve,
        "threads": scale.threads,
        "teachers": [resolved_settings(teacher, scale) for teacher in teachers_of(run)],
    }


def find_run(run_id: str, scale: Scale) -> Run:
    """Return the run of this id, planned or not. Raises UsageError."""
    return parse_run(run_id, list(scale.data))
