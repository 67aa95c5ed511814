"""Measures on Tables 2 to 4: signed sums of accuracies of the same seeds on the same images.

Every value is in points. `best` is the checkpoint that `results` means by it.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from sglr.claims.statistics import Test, pooled
from sglr.claims.verdict import Evidence, over_images, over_seeds
from sglr.collected.evidence import cell_of
from sglr.collected.results import Answers, NotRun, NotTestable, Results
from sglr.plan.names import TEN
from sglr.plan.runs import make_run

Key = tuple[str, str, str]  # attack, cell, checkpoint
Signs = list[tuple[float, Key]]
Shape = Callable[[str, str], Signs]  # of a method and another
Found = list[tuple[float, dict[int, Answers]]]


def accuracy(
    results: Results, *, role: str, attack: str, method: str, checkpoint: str
) -> Evidence:
    """Return a cell's accuracy in percent."""
    one = _named(results, role, method)
    return _compared(
        results, role, lambda cell, _: [(1, (attack, cell, checkpoint))], one
    )


def difference(
    results: Results,
    *,
    role: str,
    attack: str,
    one: str,
    other: str,
    checkpoint: str,
    others: str = "",
) -> Evidence:
    """Return the accuracy of `one` minus that of `other`, whose checkpoint is `others`.

    Raises NotTestable for a network beside itself, and for a best checkpoint from before its
    method departs from its base: that is the base's network.
    """
    against = others or checkpoint
    ends = [
        (_named(results, role, one), checkpoint),
        (_named(results, role, other), against),
    ]
    if ends[0] == ends[1]:
        raise NotTestable("a network compared with itself")
    for cell, chosen in ends:
        if early := _early(results, role, attack, cell, chosen):
            raise NotTestable(early)

    return _compared(
        results,
        role,
        lambda cell, base: [
            (1, (attack, cell, checkpoint)),
            (-1, (attack, base, against)),
        ],
        ends[0][0],
        ends[1][0],
    )


def lost(results: Results, *, role: str, attack: str, method: str) -> Evidence:
    """Return the points lost from the best checkpoint to the final one."""
    found = _compared(results, role, lambda cell, _: _loss(attack, cell), method)
    return replace(
        found, note=_early(results, role, attack, method, "best") or found.note
    )


def lost_less(
    results: Results, *, role: str, attack: str, method: str, other: str
) -> Evidence:
    """Return the points that `other` loses from best to final, less what `method` loses."""

    found = _compared(
        results,
        role,
        lambda cell, base: _loss(attack, base) + _loss(attack, cell, sign=-1),
        method,
        other,
    )
    return replace(
        found, note=_early(results, role, attack, method, "best") or found.note
    )


def _loss(attack: str, cell: str, sign: int = 1) -> Signs:
    return [(sign, (attack, cell, "best")), (-sign, (attack, cell, "final"))]


def gains_more(
    results: Results, *, role: str, one: str, other: str, attacks: list[str]
) -> Evidence:
    """Return what final `one` gains over final `other` under the first attack, less what it
    gains under the second, on the images of both."""

    first, second = attacks
    return _compared(
        results,
        role,
        lambda cell, base: _gain(first, cell, base) + _gain(second, cell, base, -1),
        one,
        other,
    )


def _gain(attack: str, one: str, other: str, sign: float = 1) -> Signs:
    return [(sign, (attack, one, "final")), (-sign, (attack, other, "final"))]


def warmer(
    results: Results, *, role: str, attack: str, temperature: float, shares: list
) -> Evidence:
    """Return final accuracy at `temperature` minus that at 1, the mean over the values of r
    in `shares`, on the same images."""
    signs: Signs = []
    for r in shares:
        one, other = (
            _named(results, role, f"sglr/{r}/{value}") for value in (temperature, 1)
        )
        signs += _gain(attack, one, other, sign=1 / len(shares))
    return contrast(results, role, signs, lambda cell, base: _gain(attack, cell, base))


def _compared(
    results: Results, role: str, shape: Shape, one: str, other: str = ""
) -> Evidence:
    return contrast(results, role, shape(one, other), shape)


def contrast(results: Results, role: str, signs: Signs, like: Shape) -> Evidence:
    """Return the signed sum over the seeds that all have, paired on images where all kept
    them. What `like` gives for any method beside PGD-AT tells by how much seeds differ."""
    cells = [(sign, results.answers(role, *key)) for sign, key in signs]
    seeds = _common(cells)
    if not seeds:
        names = dict.fromkeys(key[1] for _, key in signs)
        raise NotRun(f"{' and '.join(names)} have no seed in common")
    images = [_images(cells, seed) for seed in seeds]
    kept = [each for each in images if each is not None]
    if len(kept) < len(seeds):
        found = over_seeds(_sums(cells))
        return replace(found, note="per-image answers were not kept: over seeds alone")
    values = np.stack([each[: min(map(len, kept))] for each in kept])
    return over_images(values, _between(results, role, like))


def _common(cells: Found) -> list[int]:
    return sorted(set.intersection(*(set(found) for _, found in cells)))


def _sums(cells: Found) -> list[float]:
    """The signed sum of accuracies, seed by seed."""
    return [
        sum(sign * found[seed].percent for sign, found in cells)
        for seed in _common(cells)
    ]


def _images(cells: Found, seed: int) -> np.ndarray | None:
    """The signed sum image by image; of attacks on fewer images, the first are the same."""
    kept = [found[seed].correct for _, found in cells]
    known = [correct for correct in kept if correct is not None]
    if len(known) < len(kept):
        return None
    shortest = min(map(len, known))
    terms = [
        sign * correct[:shortest]
        for (sign, _), correct in zip(cells, known, strict=True)
    ]
    return np.sum(terms, axis=0)


def _between(results: Results, role: str, like: Shape) -> Test | None:
    """By how much one seed differs, over every method with several; with none in this role,
    in that of ten classes."""
    for place in dict.fromkeys((role, TEN)):
        groups = []
        for cell in results.cells(place):
            try:
                found = [
                    (sign, results.answers(place, *key))
                    for sign, key in like(cell, "at")
                ]
            except (NotRun, NotTestable):
                continue
            values = np.array(_sums(found))
            if len(values) > 1 and np.ptp(values) > 0:
                groups.append(values)
        if groups:
            return pooled(groups)
    return None


def _early(results: Results, role: str, attack: str, cell: str, checkpoint: str) -> str:
    """Why a best checkpoint is not its method's; "" where it is."""
    found = results.answers(role, attack, cell, checkpoint).values()
    if checkpoint == "final" or all(each.epoch >= each.starts for each in found):
        return ""
    epochs = ", ".join(str(each.epoch) for each in found)
    starts = max(each.starts for each in found)
    return f"{cell}'s best epoch ({epochs}) precedes its start ({starts}): its base's network"


def _named(results: Results, role: str, name: str) -> str:
    """What a run is called; "sglr/R/T" is the run of Table 4 at r = R and temperature T."""
    if "/" not in name or name in results.cells(role):
        return name
    method, r, temperature = name.split("/")
    return cell_of(make_run("data", method, r=float(r), temperature=float(temperature)))
