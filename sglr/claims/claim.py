"""A claim as a record, and how it is judged at a scale. Imports no torch."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sglr.claims.verdict import Evidence, Verdict, above, near, together
from sglr.collected.results import NotRun, Results

Part = Callable[[Results], Evidence]

# The scales whose data, network and schedule are the paper's: only there its values can be compared with ours.
COMPARABLE = ("paper",)


@dataclass(frozen=True)
class Claim:
    """What the paper says, in our words, and how it is measured: each part's value must lie above `margin`.

    `where` says where the paper says it, `part` to which of its tables, figures or sections that belongs.
    With a `target`, the value must be that, `margin` being the tolerance. `by_value` marks a claim about the paper's
    own values, judged only where they are comparable; every other claim is judged by direction, at every scale.
    """

    id: str
    where: str
    part: str
    text: str
    quantity: str
    parts: dict[str, Part]
    reason: str
    unit: str = "points"
    margin: float = 0.0
    target: float | None = None
    by_value: bool = False
    paper: str = ""
    independent: str = ""


@dataclass(frozen=True)
class Record:
    """A judged claim; `measured` holds the evidence of each part that was run."""

    claim: Claim
    verdict: Verdict
    measured: dict[str, Evidence] = field(default_factory=dict)

    @property
    def weakest(self) -> tuple[str, Evidence] | None:
        """The part that says least for the claim."""
        return (
            min(self.measured.items(), key=lambda part: self._strength(part[1]))
            if self.measured
            else None
        )

    def _strength(self, evidence: Evidence) -> float:
        target = self.claim.target
        return evidence.value if target is None else -abs(evidence.value - target)


def judge(claim: Claim, results: Results, scale: str) -> Record:
    """Return the claim's verdict on `results`; what has not been run is not run, never an error."""
    if claim.by_value and scale not in COMPARABLE:
        return Record(
            claim,
            Verdict(
                "not run",
                "not the paper's data, network and schedule: no value to compare",
            ),
        )
    measured: dict[str, Evidence] = {}
    verdicts: dict[str, Verdict] = {}
    for name, part in claim.parts.items():
        try:
            measured[name] = part(results)
            verdicts[name] = _judge_part(claim, measured[name])
        except NotRun as missing:
            verdicts[name] = Verdict("not run", str(missing))
    return Record(claim, together(verdicts), measured)


def _judge_part(claim: Claim, evidence: Evidence) -> Verdict:
    if claim.target is None:
        return above(evidence, claim.margin)
    return near(evidence, claim.target, claim.margin)


def rule(claim: Claim) -> str:
    """The claim's rule in words."""
    each = "each value" if len(claim.parts) > 1 else "the value"
    if claim.target is None:
        return f"{each} lies above {claim.margin:g}"
    return f"{each} is {claim.target:g} within {claim.margin:g}"
