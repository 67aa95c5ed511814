"""The rows of the ledger with what the page adds: pictures of the evidence, and the runs behind it."""

from pathlib import Path
from typing import Any

from sglr.artefacts.collect import runs_of
from sglr.claims.claim import Claim
from sglr.collected.results import Row
from sglr.page.behind import artefacts_of, behind_claim
from sglr.page.ledger import Interval, read_parts, stated_claims
from sglr.page.pictures import pictures
from sglr.plan.plan import Plan


def with_evidence(ledger: list[Row], plan: Plan, folder: Path) -> list[dict[str, Any]]:
    """Return each row with `picture` of its value, `evidence` of each part, the ids of its `runs`, and
    `of` what these are.

    A claim that config/claims.yaml no longer states as it was judged has none of them.
    """
    stated = stated_claims(plan, folder) if ledger else {}
    parts = read_parts(folder / "claims_parts.csv")
    done = {name: runs_of(name, plan, folder).done for name in plan.runs_of}
    rows = []
    for row in ledger:
        claim = stated.get(row["id"])
        same = claim is not None and row["rule"].endswith(f" is {claim.rule}")
        added: dict[str, Any] = {"picture": "", "evidence": [], "runs": [], "of": ""}
        if claim and same and row["value"]:
            added = _pictures(claim, parts.get(claim.id, []), row["weakest_part"])
            added["runs"] = behind_claim(claim, done, plan.scale)
            added["of"] = next(iter(artefacts_of(claim)), "")
        rows.append(row | added)
    return rows


def _pictures(claim: Claim, parts: list[Interval], deciding: str) -> dict[str, Any]:
    """Each part's, and that of the one that decides; all on one axis."""
    shown, evidence = "", []
    drawn = pictures(claim.rule, parts)
    for part, picture in zip(parts, drawn, strict=True):
        evidence.append({"name": part.part, "text": part.text, "picture": picture})
        if part.part == deciding:
            shown = picture
    return {"picture": shown, "evidence": evidence}
