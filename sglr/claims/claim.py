"""The claims of config/claims.yaml as records."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from typing import Any

from sglr.claims.verdict import Rule
from sglr.files.errors import UsageError
from sglr.files.settings import unknown
from sglr.files.yaml import CONFIG, read_yaml
from sglr.methods import METHODS
from sglr.plan.names import ROLES

KINDS = {
    "empirical": "empirical claims of the paper",
    "exact": "counts and identities, without training",
    "ours": "comparisons with rivals of ours",
    "cell": "values of the paper",
}
# The scales whose data, network and schedule are the paper's: only these reach its values.
COMPARABLE = ("paper",)

Arguments = dict[str, Any]

_KEYS = {
    *("id", "where", "part", "kind", "claim", "quantity", "measure", "with", "reason"),
    *("above", "below", "equals", "margin", "for", "each", "unit", "placebo", "paper"),
}


@dataclass(frozen=True)
class Claim:
    """What the paper says, in our words, and how it is measured.

    `parts` are the arguments of the measure for each part, all of which must hold. `where`
    says where the paper says it, `part` to which of its tables, figures or sections that
    belongs. `placebo`: other arguments, or the name of a change of the data, with which the
    claim must not be reproduced.
    """

    id: str
    where: str
    part: str
    kind: str
    text: str
    quantity: str
    measure: str
    parts: dict[str, Arguments]
    rule: Rule
    reason: str
    placebo: str | Arguments
    unit: str = "points"
    paper: str = ""
    independent: str = field(default="", compare=False)

    @property
    def of_best(self) -> bool:
        """Whether it speaks of best checkpoints."""
        if self.measure.startswith("lost"):
            return True
        chosen = [arguments.get("checkpoint") for arguments in self.parts.values()]
        return "best" in chosen


@cache
def stated(newcomers: tuple[str, ...] = ()) -> tuple[Claim, ...]:
    """Every claim of config/claims.yaml; `newcomers` are the methods added to Table 2.

    Raises UsageError for a key that is not known.
    """
    claims = []
    for entry in read_yaml(CONFIG / "claims.yaml"):
        for key in entry:
            if key not in _KEYS:
                words = unknown(key, sorted(_KEYS), "key")
                raise UsageError(f"config/claims.yaml: {words}")
        for values in _grid(entry.get("for", {}), newcomers):
            claims.append(_claim(entry, values))
    return tuple(claims)


def _claim(entry: dict[str, Any], values: Arguments) -> Claim:
    parts = {}
    for part in _grid(entry.get("each", {})):
        name = " ".join(str(value) for value in part.values())
        parts[name] = _filled(entry.get("with", {}), values | part)
    said = {
        key: _filled(entry.get(key, ""), values) for key in ("id", "where", "quantity")
    }
    return Claim(
        **said,
        part=entry["part"],
        kind=entry["kind"],
        text=_filled(entry["claim"], values),
        measure=entry["measure"],
        parts=parts,
        rule=_rule(entry),
        reason=_filled(entry["reason"], values),
        placebo=_filled(entry["placebo"], values),
        unit=entry.get("unit", "points"),
        paper=_filled(entry.get("paper", ""), values),
    )


def _rule(entry: dict[str, Any]) -> Rule:
    if "above" in entry:
        return Rule(low=entry["above"])
    if "below" in entry:
        return Rule(high=entry["below"])
    return Rule(entry["equals"] - entry["margin"], entry["equals"] + entry["margin"])


def _grid(
    choices: dict[str, Any], newcomers: tuple[str, ...] = ()
) -> Iterator[Arguments]:
    """Every combination of the values, as name -> value; one empty one without names."""
    lists = [newcomers if each == "newcomers" else each for each in choices.values()]
    for values in product(*lists):
        yield dict(zip(choices, values, strict=True))


def _filled(template: Any, values: Arguments) -> Any:
    """The template with values for names in braces; {name_label} is what tables call it."""
    if isinstance(template, dict):
        return {key: _filled(each, values) for key, each in template.items()}
    if not isinstance(template, str):
        return template
    labels = {f"{name}_label": _label(value) for name, value in values.items()}
    words = values | labels
    alone = re.fullmatch(r"\{(\w+)\}", template)  # keeps a number a number
    return words[alone[1]] if alone else template.format(**words)


def _label(value: Any) -> str:
    return METHODS[value].label if value in METHODS else ROLES.get(value, str(value))
