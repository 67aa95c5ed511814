"""Table 1's counts, and the overhead of refining labels. Imports no torch."""

import math
from functools import partial

import numpy as np
import pandas as pd
from scipy.stats import ttest_ind

from sglr.claims.claim import Claim
from sglr.claims.orderings import VARIANTS
from sglr.claims.verdict import Evidence, exact, over
from sglr.collected.published import TABLE1
from sglr.collected.results import NotRun, Results
from sglr.methods.schedules import start_epoch
from sglr.methods.sglr import Sglr
from sglr.plan.names import TEN

NEGLIGIBLE = 10.0
_NAMES = {"ard": "ARD", "rslad": "RSLAD", "kd_swa": "KD-SWA", "sglr": "SGLR"}
_KINDS = {
    (False, False): "none",
    (False, True): "adversarial",
    (True, True): "standard and adversarial",
}


def costs() -> list[Claim]:
    """Table 1, a claim for each of its methods, and the negligible overhead of Sec. 3.1."""
    return [
        *(_counts(method) for method in TABLE1),
        *(_overhead(name, words) for name, words in VARIANTS.items()),
    ]


def _counts(method: str) -> Claim:
    teachers, standard, adversarial, forwards = TABLE1[method]
    wanted = {
        "trained_teachers": int(teachers),
        "standard_teacher": int(standard),
        "adversarial_teacher": int(adversarial),
    }
    return Claim(
        f"table1/{method}",
        "Table 1",
        "Table 1",
        f"what {_NAMES[method]} needs: teachers of which kinds, and forward passes of one training step",
        "our count less the paper's",
        {
            **{
                name: partial(_count, method, name, value)
                for name, value in wanted.items()
            },
            "forwards": partial(_count, method, "forwards_measured", forwards),
        },
        "counts are exact; what is counted is one real training step, its attack left out",
        unit="count",
        target=0.0,
        paper=f"{teachers} teachers: {_KINDS[standard, adversarial]}",
    )


def _count(method: str, column: str, paper: int, results: Results) -> Evidence:
    """Our count less the paper's."""
    rows = results.frame("table1")
    rows = rows[rows["method"] == method]
    if rows.empty:
        raise NotRun(f"{method} was not counted")
    return exact(float(rows.iloc[0][column]) - paper)


def _overhead(name: str, words: str) -> Claim:
    return Claim(
        f"overhead/{name}",
        "Sec. 3.1",
        "Sec. 3.1",
        f"{words} costs negligibly more than PGD-AT",
        f"{NEGLIGIBLE:g} % less the excess of training seconds over PGD-AT's same epochs, with refined labels",
        {"": partial(_room, method=name)},
        f"negligible: under {NEGLIGIBLE:g} %; one more forward pass beside about 21 should cost 4 to 5 %. Before "
        "refinement both do the same work, so their ratio there is the machine's load and is divided out; seconds are "
        "the process's own on a CPU",
        unit="%",
        paper="negligible",
    )


def _room(results: Results, *, method: str) -> Evidence:
    rows = results.frame("costs")
    rows = rows[rows["role"] == TEN]
    ours, theirs = (rows[rows["method"] == name] for name in (method, "at"))
    pairs = ours.merge(theirs, on=["seed", "epoch", "device"])
    if pairs.empty:
        raise NotRun(f"{method} and PGD-AT have no epoch in common on one device")
    logs = np.log(pairs["seconds_x"] / pairs["seconds_y"])
    refined = pairs["epoch"] >= start_epoch(Sglr().start, int(rows["epoch"].max()))
    chosen = [pairs["seed"] == seed for seed in sorted(set(pairs["seed"]))]
    seeds = [_excess(logs[one & refined], logs[one & ~refined]) for one in chosen]
    return seeds[0] if len(seeds) == 1 else over([found.value for found in seeds])


def _excess(refined: pd.Series, before: pd.Series) -> Evidence:
    """NEGLIGIBLE less the excess in percent, with Welch's interval over the epochs of the two runs."""
    interval = ttest_ind(refined, before, equal_var=False).confidence_interval()
    value, high, low = (
        NEGLIGIBLE - 100 * math.expm1(x)
        for x in (refined.mean() - before.mean(), interval.low, interval.high)
    )
    return (
        Evidence(value, low, high, basis="epochs")
        if math.isfinite(low)
        else Evidence(value)
    )
