"""Plans as they are written down: config/plan.yaml or a file of one's own, and what `--config` changes of them."""

from dataclasses import dataclass, fields, replace
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any

from sglr.files.errors import UsageError
from sglr.files.settings import Settings, from_mapping, meant, setting, unknown
from sglr.files.yaml import CONFIG, read_yaml
from sglr.methods import add_methods_of_packages, method_named
from sglr.plan.plan import Plan, find_run
from sglr.plan.runs import Run, make_run
from sglr.plan.scale_files import load_scale
from sglr.plan.scales import Scale, Seeds

# What a line of the plan says of its runs besides which they are.
_FLAGS = ("along", "autoattack")


@dataclass(frozen=True)
class Choice(Settings):
    """What `--config` may say: seeds of everything, changed values of a scale, a plan file, an image to run in,
    published networks in place of trainings."""

    seeds: int | None = setting(None, low=1, high=1000)
    set: str | None = None
    plan: str | None = None
    container: str | None = None
    pretrained: bool | None = None


def read_choice(config: dict[str, Any]) -> Choice:
    """Return the workflow's configuration. Raises UsageError for a key or value that is not allowed."""
    named = {key: value for key, value in config.items() if value not in (None, "")}
    if "set" in named:
        named["set"] = str(named["set"])
    if named.get("pretrained") in ("true", "false"):  # as the command line says it
        named["pretrained"] = named["pretrained"] == "true"
    return from_mapping(Choice, named, "--config")


def load_plan(
    scale_name: str, seeds: int | None = None, plan_file: str | None = None
) -> Plan:
    """Return the plan of config/plan.yaml, or of a file of one's own, at the scale; `seeds` in place of the scale's.

    Raises UsageError for whatever is not allowed in it.
    """
    add_methods_of_packages()
    scale = load_scale(scale_name)
    if seeds:
        scale = replace(scale, seeds=Seeds(seeds, max(seeds, scale.seeds.figure4)))
    file = plan_file or "config/plan.yaml"
    found = {
        name: _runs_of(name, lines, scale, file)
        for name, lines in _lines(plan_file).items()
    }
    flagged = [
        (replace(run, seed=0), line) for rows in found.values() for run, line in rows
    ]
    attacked = {run for run, line in flagged if line.get("autoattack", True)}
    return Plan(
        scale,
        {
            name: list(dict.fromkeys(run for run, _ in rows))
            for name, rows in found.items()
        },
        frozenset(run for run, line in flagged if line.get("along", False)),
        frozenset(run for run, _ in flagged) - attacked,
    )


def chosen_plans(
    choice: Choice, names: list[str]
) -> tuple[dict[str, Plan], dict[str, str]]:
    """Return the plan of each scale of `names` as chosen, and of those that cannot be changed so, why not.

    Raises UsageError where none can.
    """
    changes = (choice.set or "").replace(",", " ").split()
    plans, refused = {}, {}
    for name in names:
        try:
            plans[name] = load_plan(
                "+".join([name, *changes]), choice.seeds, choice.plan
            )
        except UsageError as error:
            refused[name] = str(error)
    if not plans or (refused and not changes):
        raise UsageError(next(iter(refused.values())))
    return plans, refused


def _lines(plan_file: str | None) -> dict[str, list[dict[str, Any]]]:
    """The lines of each artefact; a file whose `base` is `default` adds its own to those of config/plan.yaml."""
    if plan_file is None:
        return _checked(read_yaml(CONFIG / "plan.yaml"), "config/plan.yaml")
    content = read_yaml(Path(plan_file))
    base = content.pop("base", None) if isinstance(content, dict) else None
    own = _checked(content, plan_file)
    if base is None:
        return own
    if base != "default":
        raise UsageError(f"{plan_file}: base: {unknown(base, ['default'])}")
    default = _lines(None)
    return {
        name: default.get(name, []) + own.get(name, [])
        for name in dict.fromkeys([*default, *own])
    }


def _checked(content: Any, file: str) -> dict[str, list[dict[str, Any]]]:
    """A plan file's content: artefacts that there are, each with a list of lines."""
    if not isinstance(content, dict):
        raise UsageError(f"{file}: expected a mapping of artefacts, such as table2")
    for name, lines in content.items():
        if not str(name).isidentifier() or find_spec(f"sglr.artefacts.{name}") is None:
            raise UsageError(
                f"{file}: there is no artefact {name!r}: no file sglr/artefacts/{name}.py"
                f"; {meant(name, _planned())}".rstrip("; ")
            )
        if not isinstance(lines, list) or not all(
            isinstance(line, dict) and "method" in line for line in lines
        ):
            raise UsageError(
                f"{file}: {name} must be a list of mappings with data and method, got {lines!r}"
            )
    return content


def _planned() -> list[str]:
    """What config/plan.yaml names and has a file."""
    names = read_yaml(CONFIG / "plan.yaml")
    return [name for name in names if find_spec(f"sglr.artefacts.{name}")]


def _runs_of(
    artefact: str, lines: list[dict[str, Any]], scale: Scale, file: str
) -> list[tuple[Run, dict[str, Any]]]:
    """The runs of each line, for each seed, with the line that asks for them; each reads back from its name."""
    seeds = getattr(scale.seeds, artefact, scale.seeds.default)
    try:
        found = [
            (run, line)
            for line in lines
            for seed in range(seeds)
            for run in _expand(line, seed, scale)
        ]
        for run, _ in found:
            find_run(run.id, scale)
    except UsageError as error:
        raise UsageError(f"{file}: {artefact}: {error}") from None
    return found


def _expand(line: dict[str, Any], seed: int, scale: Scale) -> list[Run]:
    """The grid that the line's lists span."""
    cells = {key: value for key, value in line.items() if key not in _FLAGS}
    axes = [value if isinstance(value, list) else [value] for value in cells.values()]
    return [
        _one_run(dict(zip(cells, values, strict=True)), seed, scale)
        for values in product(*axes)
    ]


def _one_run(cell: dict[str, Any], seed: int, scale: Scale) -> Run:
    _check_keys(cell)
    role = cell.pop("data", None)
    roles = [each.name for each in fields(scale.roles)]
    if role not in roles:
        raise UsageError(f"data: {unknown(role, roles)}")
    if (
        cell.pop("architecture", "") == "figure1"
        and scale.network.figure1 != scale.network.architecture
    ):
        cell["architecture"] = scale.network.figure1
    return make_run(getattr(scale.roles, role), seed=seed, **cell)


def _check_keys(cell: dict[str, Any]) -> None:
    """Raise UsageError for a key that a line of this method cannot have."""
    own = [each.name for each in fields(method_named(cell["method"]))]
    allowed = ["data", "method", "architecture", "label_noise", *_FLAGS, *own]
    for key in cell:
        if key not in allowed:
            raise UsageError(unknown(key, allowed, "key"))
