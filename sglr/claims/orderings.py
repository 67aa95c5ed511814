"""What the text draws from Tables 2-4, by direction. Imports no torch."""

from functools import partial

from sglr.claims.claim import Claim, Part
from sglr.claims.measures import difference, lost, lost_less
from sglr.claims.verdict import Evidence, over
from sglr.collected.published import published_rows
from sglr.collected.results import Results
from sglr.methods import METHODS
from sglr.plan.names import ATTACKS, ROBUST, ROLES, TEN

VARIANTS = {"sglr": "SGLR (Eq. 8)", "sglr_released": "SGLR (released code)"}
OURS = {"at_wa": "", "at_ls_wa": ", labels smoothed"}  # the paper lacks them
_ANY = "a direction has no tolerance: any difference above 0, beyond its interval"


def orderings() -> list[Claim]:
    """Orderings among methods, gaps from best to final, and the effects of r and of the temperature."""
    return [
        *(
            claim
            for name, words in VARIANTS.items()
            for claim in _of_variant(name, words)
        ),
        *_overfitting(),
        *_table3(),
        *_table4(),
    ]


def rivals() -> list[str]:
    """The methods of the paper's Table 2 beside SGLR."""
    rows = published_rows()
    rows = rows[
        (rows["source"] == "paper")
        & (rows["artifact"] == "table2")
        & (rows["method"] != "sglr")
    ]
    return list(dict.fromkeys(rows["method"]))


def grid(axis: str) -> list[float]:
    """The values of `r` or `temperature` in the paper's Table 4, smallest first."""
    rows = published_rows()
    return sorted(rows[rows["artifact"] == "table4"][axis].unique())


def newcomers(results: Results) -> list[Claim]:
    """One claim for each method of our Table 2 that neither the paper nor we have put there: beside PGD-AT."""
    known = {*rivals(), *VARIANTS, *OURS}
    return [_newcomer(name) for name in results.methods("table2") if name not in known]


def _newcomer(name: str) -> Claim:
    ends = {
        f"{attack} final": _difference(TEN, attack, (name, "final"), ("at", "final"))
        for attack in ROBUST
    }
    loses = {
        f"{attack} best - final": _lost_less(TEN, attack, name, "at")
        for attack in ROBUST
    }
    return Claim(
        f"newcomer/{name}",
        "added: the paper has no such row",
        "Ours",
        f"{METHODS[name].label} ends above PGD-AT and loses less from best to final",
        "final accuracy minus PGD-AT's; best minus final of PGD-AT, less its own",
        ends | loses,
        _ANY,
    )


def _of_variant(name: str, words: str) -> list[Claim]:
    under = [
        Claim(
            f"order/autoattack/{checkpoint}/{name}",
            "Table 2, Sec. 4",
            "Table 2",
            f"{words} is more robust than every other method of the table under AutoAttack ({checkpoint})",
            f"AutoAttack accuracy ({checkpoint}), SGLR minus each other method",
            {
                rival: _difference(
                    TEN, "autoattack", (name, checkpoint), (rival, checkpoint)
                )
                for rival in rivals()
            },
            _ANY,
        )
        for checkpoint in ("best", "final")
    ]
    return [
        *under,
        Claim(
            f"gap/least/{name}",
            "Table 2, Sec. 4",
            "Table 2",
            f"{words} narrows the gap of best and final more than every other method of the table",
            "best minus final of each other method, less SGLR's",
            {
                f"{rival} {attack}": _lost_less(TEN, attack, name, rival)
                for rival in rivals()
                for attack in ROBUST
            },
            _ANY,
        ),
        Claim(
            f"gap/under-1/{name}",
            "Tables 2 and 3, Sec. 4",
            "Tables 2 and 3",
            f"the gap of best and final with {words} is about half a point, a point at most",
            "1 point less (best minus final)",
            {
                f"{ROLES[role]} {attack}": partial(_within, role, attack, name, 1.0)
                for role in ROLES
                for attack in ROBUST
            },
            "the paper's own gaps are 0.2 to 1.0, printed to 0.1: half of that is no more",
            margin=-0.05,
            by_value=True,
        ),
        *(_worth(name, words, rival, how) for rival, how in OURS.items()),
    ]


def _worth(name: str, words: str, rival: str, how: str) -> Claim:
    ends = {
        f"{attack} final": _difference(TEN, attack, (name, "final"), (rival, "final"))
        for attack in ROBUST
    }
    loses = {
        f"{attack} best - final": _lost_less(TEN, attack, name, rival)
        for attack in ROBUST
    }
    return Claim(
        f"worth/{name}/{rival}",
        "ours: the paper has no such row",
        "Ours",
        f"{words} is worth its machinery: it ends above averaging PGD-AT's weights{how}, and loses less",
        "final accuracy, SGLR minus the rival; best minus final of the rival, less SGLR's",
        ends | loses,
        _ANY
        + "; the rival averages some 2,000 steps and is weak in a training of not many more",
        independent=_independent(rival),
    )


def _independent(rival: str) -> str:
    """Others' AutoAttack accuracy for weight averaging with smoothing on CIFAR-10."""
    rows = published_rows()
    rows = rows[(rows["dataset"] == "cifar10") & (rows["attack"] == "autoattack")]
    rows = rows[rows["method"].str.contains("weight averaging", na=False)]
    values = "; ".join(
        f"{row.accuracy_percent:g} ({row.source}: {row.method})"
        for row in rows.itertuples()
    )
    return values if rival == "at_ls_wa" else ""


def _overfitting() -> list[Claim]:
    helps = {
        attack: _difference(TEN, attack, ("ls", "final"), ("at", "final"))
        for attack in ROBUST
    }
    return [
        *(
            Claim(
                f"overfitting/at/{role}",
                "Sec. 1, Tables 2 and 3",
                "Tables 2 and 3",
                f"PGD-AT overfits robustly: its final checkpoint is less robust than its best ({words})",
                "best minus final",
                {attack: _lost(role, attack, "at") for attack in ROBUST},
                _ANY,
            )
            for role, words in ROLES.items()
        ),
        Claim(
            "ls/helps",
            "Table 2",
            "Table 2",
            "label smoothing helps: it ends above PGD-AT",
            "final, LS minus AT",
            helps,
            _ANY,
        ),
        Claim(
            "ls/still-overfits",
            "Table 2, Sec. 4",
            "Table 2",
            "label smoothing fails to cure robust overfitting: it still loses from best to final",
            "best minus final",
            {attack: _lost(TEN, attack, "ls") for attack in ROBUST},
            _ANY,
        ),
    ]


def _table3() -> list[Claim]:
    pairs = [("sglr", "at"), ("sglr_released", "at"), ("trades_sglr", "trades")]
    return [
        claim
        for role in ROLES
        for name, base in pairs
        for claim in (
            Claim(
                f"table3/higher/{role}/{name}",
                "Table 3, Sec. 4",
                "Table 3",
                f"{METHODS[name].label} improves on {METHODS[base].label}, attacked and clean ({ROLES[role]})",
                "accuracy minus the baseline's, best and final",
                {
                    f"{attack} {checkpoint}": _difference(
                        role, attack, (name, checkpoint), (base, checkpoint)
                    )
                    for attack in ATTACKS
                    for checkpoint in ("best", "final")
                },
                _ANY,
            ),
            Claim(
                f"table3/gap/{role}/{name}",
                "Table 3, Sec. 4",
                "Table 3",
                f"{METHODS[name].label} loses less from best to final than {METHODS[base].label} ({ROLES[role]})",
                "the baseline's best minus final, less its own",
                {attack: _lost_less(role, attack, name, base) for attack in ROBUST},
                _ANY,
            ),
        )
    ]


def _table4() -> list[Claim]:
    metrics = {"natural": "natural", "pgd20": "PGD-20"}
    return [
        *(
            Claim(
                f"table4/r/{attack}/T{temperature:g}",
                "Table 4, Sec. 4",
                "Table 4",
                f"{name} accuracy first rises with r, then falls (T = {temperature:g})",
                "r = 0.2 minus r = 0; r = 0.2 minus r = 0.8; final",
                {
                    f"r = {r:g}": _difference(
                        TEN,
                        attack,
                        (f"sglr/0.2/{temperature:g}", "final"),
                        (f"sglr/{r:g}/{temperature:g}", "final"),
                    )
                    for r in (0, 0.8)
                },
                "the peak is fixed at the paper's r = 0.2 beforehand, so that choosing it proves nothing",
            )
            for attack, name in metrics.items()
            for temperature in grid("temperature")
        ),
        Claim(
            "table4/temperature/natural",
            "Table 4, Sec. 4",
            "Table 4",
            "a higher temperature at the same r gains a little natural accuracy",
            "T = 1.5 and T = 2 minus T = 1, mean over r > 0",
            {
                f"T = {high:g}": partial(_temperature, "natural", high, 1)
                for high in grid("temperature")[1:]
            },
            "the four values of r are four pairs of trainings: their spread is the interval",
        ),
        Claim(
            "table4/temperature/pgd20",
            "Table 4, Sec. 4",
            "Table 4",
            "a higher temperature at the same r lowers robust accuracy",
            "T = 1 minus T = 1.5 and T = 2, mean over r > 0",
            {
                f"T = {high:g}": partial(_temperature, "pgd20", high, -1)
                for high in grid("temperature")[1:]
            },
            "the four values of r are four pairs of trainings: their spread is the interval",
        ),
    ]


def _difference(
    role: str, attack: str, one: tuple[str, str], other: tuple[str, str]
) -> Part:
    return partial(difference, role=role, attack=attack, one=one, other=other)


def _lost(role: str, attack: str, method: str) -> Part:
    return partial(lost, role=role, attack=attack, method=method)


def _lost_less(role: str, attack: str, method: str, other: str) -> Part:
    return partial(lost_less, role=role, attack=attack, method=method, other=other)


def _within(
    role: str, attack: str, method: str, limit: float, results: Results
) -> Evidence:
    """Points by which the loss from best to final stays under `limit`."""
    found = lost(results, role, attack, method)
    low, high = (
        None if end is None else limit - end for end in (found.high, found.low)
    )
    return Evidence(
        limit - found.value, low, high, found.seeds, found.deviation, found.basis
    )


def _temperature(attack: str, high: float, sign: int, results: Results) -> Evidence:
    """Points that temperature `high` has over 1, or with `sign` -1 the other way round, over the values of r."""
    each = []
    for r in grid("r")[1:]:
        cells = [(f"sglr/{r:g}/{temperature:g}", "final") for temperature in (high, 1)]
        each.append(difference(results, TEN, attack, *cells))
    return over(
        [sign * found.value for found in each], "values of r", seeds=each[0].seeds
    )
