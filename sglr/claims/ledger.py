"""Every claim judged: measured, under both selections of the best, corrected, and beside its
placebo."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from sglr.claims.claim import COMPARABLE, Arguments, Claim
from sglr.claims.measures import measure
from sglr.claims.placebos import DRAWS, PLACEBOS
from sglr.claims.statistics import LEVEL, holm, reach
from sglr.claims.verdict import Evidence, Parts, Word, side
from sglr.collected.results import NotRun, NotTestable, Results

CORRECTED = ("empirical", "ours")  # the kinds within which p-values are corrected


@dataclass(frozen=True)
class Data:
    """A scale's results, and the same ones as the placebos need them, made once."""

    results: Results

    @cached_property
    def validated(self) -> Results:
        """With best checkpoints chosen on held-out images."""
        return replace(self.results, best="best_validation")

    @cached_property
    def spoilt(self) -> dict[str, list[Results]]:
        """Name of a placebo -> its draws."""
        return {
            name: [change(self.results, draw) for draw in range(DRAWS)]
            for name, change in PLACEBOS.items()
        }


@dataclass(frozen=True)
class Record:
    """A judged claim. `parts` are those of each selection of the best checkpoint, test
    images first; `p` is two-sided, `corrected` for the others of its kind."""

    claim: Claim
    parts: dict[str, Parts]
    word: Word
    p: float | None = None
    corrected: float | None = None
    placebo: Word | None = None
    why: str = ""

    @property
    def shown(self) -> Parts:
        """The parts under the paper's own selection."""
        return self.parts["test"]


def judge_all(claims: Iterable[Claim], results: Results, scale: str) -> list[Record]:
    """Return a record for each claim, in their order."""
    data = Data(results)
    records = [_judged(claim, data, scale) for claim in claims]
    for kind in CORRECTED:
        records = _corrected(records, kind)
    return [_beside_placebo(record, data) for record in records]


def measured(claim: Claim, results: Results, instead: Arguments | None = None) -> Parts:
    """Return the evidence of each part, with other arguments `instead` where given."""
    found: dict[str, Evidence] = {}
    missing: dict[str, tuple[Word, str]] = {}
    for name, arguments in claim.parts.items():
        try:
            found[name] = measure(claim.measure, results, arguments | (instead or {}))
        except NotRun as error:
            missing[name] = ("not run", str(error))
        except NotTestable as error:
            missing[name] = ("not testable here", str(error))
    return Parts(found, missing)


def _judged(claim: Claim, data: Data, scale: str) -> Record:
    if claim.kind == "cell" and scale not in COMPARABLE:
        why = "not the paper's data, network and schedule: no value to compare"
        return Record(claim, {"test": Parts()}, "not run", why=why)
    parts = {"test": measured(claim, data.results)}
    if claim.of_best:
        validated = measured(claim, data.validated)
        if validated.unjudged != "not run":
            parts["validation"] = validated
    word = next((each.unjudged for each in parts.values() if each.unjudged), None)
    if word:
        return Record(claim, parts, word, why=_missing(parts["test"]))
    if not any(found.decides for found in parts["test"].measured.values()):
        return Record(claim, parts, "undecided")
    holds, opposite = _sides(claim, parts)
    p = min(1.0, 2 * min(holds, opposite))
    return Record(claim, parts, side(holds, opposite), p)


def _sides(claim: Claim, parts: dict[str, Parts]) -> tuple[float, float]:
    """The p-values of "it holds" and "the opposite holds", under every selection."""
    holds = max(each.holds(claim.rule) for each in parts.values())
    return holds, max(each.opposite(claim.rule) for each in parts.values())


def _corrected(records: list[Record], kind: str) -> list[Record]:
    """The records, those of the kind with corrected p-values and the word of these."""
    raw = {}
    for n, record in enumerate(records):
        if record.claim.kind == kind and record.p is not None:
            raw[n] = record.p
    for n, corrected in zip(raw, holm(list(raw.values())), strict=True):
        word = records[n].word if corrected < LEVEL else "undecided"
        records[n] = replace(records[n], word=word, corrected=corrected)
    return records


def _beside_placebo(record: Record, data: Data) -> Record:
    """The record with its placebo's word; void where that is reproduced as well."""
    if record.p is not None:
        record = replace(record, placebo=placebo_word(record.claim, data))
    if record.word == record.placebo == "reproduced":
        return replace(record, word="undecided", why="void: its placebo holds as well")
    return replace(record, why=record.why or _why(record))


def placebo_word(claim: Claim, data: Data) -> Word:
    """Return what becomes of the claim where there is nothing to find, in most draws."""
    if isinstance(claim.placebo, str):
        draws = [measured(claim, spoilt) for spoilt in data.spoilt[claim.placebo]]
    else:
        draws = [measured(claim, data.results, claim.placebo)]
    words = [_word(claim, parts) for parts in draws]
    return max(words, key=words.count)


def _word(claim: Claim, parts: Parts) -> Word:
    if parts.unjudged:
        return parts.unjudged
    return side(parts.holds(claim.rule), parts.opposite(claim.rule))


def _missing(parts: Parts) -> str:
    return "; ".join(dict.fromkeys(why for _, why in parts.missing.values()))


def _why(record: Record) -> str:
    """What the word rests on, and why it is no stronger one."""
    claim, parts = record.claim, record.shown
    found = parts.measured[parts.weakest(claim.rule)]
    words = [found.basis]
    if len(claim.parts) > 1:
        words.append(f"of {len(claim.parts)} parts {parts.counts(claim.rule)}")
    words += _selections(record)
    if record.word == "undecided" and found.tests:
        words.append(f"could have told {reach(found.tests):.2g} {claim.unit}")
    notes = [each.note for each in parts.measured.values() if each.note]
    notes += [why for _, why in parts.missing.values()]
    return "; ".join([*words, *dict.fromkeys(notes)])


def _selections(record: Record) -> list[str]:
    """Both words where choosing the best on test and on held-out images disagree."""
    words = {name: _word(record.claim, parts) for name, parts in record.parts.items()}
    if len(set(words.values())) == 1:
        return []
    return [f"best chosen on {name} images: {word}" for name, word in words.items()]
