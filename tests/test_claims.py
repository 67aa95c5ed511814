"""The ledger: its claims as data, its placebos, and verdicts worked out again from raw files."""

import inspect
import json
import shutil
from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from tools import ROOT, output, sglr

from sglr.claims import ledger, measures, theory
from sglr.claims.claim import KINDS, stated
from sglr.claims.ledger import Data, judge_all, placebo_word
from sglr.claims.paper import inconsistencies
from sglr.claims.placebos import PLACEBOS
from sglr.claims.published import published
from sglr.claims.render import claims, read_all
from sglr.collected.results import Results
from sglr.files.errors import UsageError
from sglr.files.yaml import CONFIG, read_yaml
from sglr.plan import names
from sglr.plan.plan_files import load_plan

MINI = ROOT / "results/mini"
LEDGER = pd.read_csv(MINI / "claims.csv", dtype=str, keep_default_na=False).set_index(
    "id"
)


@cache
def mini() -> Results:
    return read_all(load_plan("mini"), MINI)


# What config/claims.yaml may say.


def test_each_claim_is_one_and_its_measure_takes_its_arguments():
    found = claims(Results({}))
    assert len({claim.id for claim in found}) == len(found)
    functions = measures._OF_RESULTS | {
        name: each for name, (_, each) in measures._OF_ROWS.items()
    }
    for claim in found:
        assert claim.kind in KINDS and claim.text and claim.quantity and claim.reason
        signature = inspect.signature(functions[claim.measure])
        others = [claim.placebo] if isinstance(claim.placebo, dict) else []
        assert others or claim.placebo in PLACEBOS
        for arguments in claim.parts.values():
            for changed in ({}, *others):
                signature.bind(None, **(arguments | changed))


def test_every_cell_of_the_papers_tables_is_a_claim():
    cells = [claim.id for claim in claims(Results({})) if claim.kind == "cell"]
    assert sum(name.startswith("table4") for name in cells) == 30
    # SGLR's row beside both of our variants.
    assert sum(name.startswith("table2") for name in cells) == (7 + 1) * 9
    assert sum(name.startswith("table3") for name in cells) == (8 + 2) * 9


def test_an_unknown_key_of_a_claim_is_refused(tmp_path, monkeypatch):
    text = (CONFIG / "claims.yaml").read_text().replace("  above: 0", "  abov: 0", 1)
    (tmp_path / "claims.yaml").write_text(text)
    monkeypatch.setattr("sglr.claims.claim.CONFIG", tmp_path)
    with pytest.raises(UsageError, match="unknown key 'abov'; did you mean 'above'"):
        stated.__wrapped__()


# Placebos: where there is nothing to find, nothing may be found.


@pytest.fixture(scope="module")
def words() -> dict[str, str]:
    """What becomes of each claim that mini can judge, on its placebo."""
    data, found = Data(mini()), {}
    for claim in claims(mini()):
        if LEDGER.loc[claim.id, "p_value"]:
            found[claim.id] = placebo_word(claim, data)
    return found


def test_no_placebo_is_reproduced(words):
    assert len(words) > 60
    assert [name for name, word in words.items() if word == "reproduced"] == []


def test_a_placebo_can_be_reproduced_and_then_the_claim_is_void(monkeypatch):
    """A change of the data that changes nothing leaves the effect there."""
    (claim,) = [claim for claim in stated() if claim.id == "overfitting/at/ten_classes"]
    (sound,) = judge_all([claim], mini(), "mini")
    assert (sound.word, sound.placebo) == ("reproduced", "undecided")
    unchanged = {"answers shuffled": lambda results, draw: results}
    monkeypatch.setattr(ledger, "PLACEBOS", unchanged)
    (void,) = judge_all([claim], mini(), "mini")
    assert void.word == "undecided" and "void" in void.why


KINDS_OF_PLACEBO = {
    # a claim that holds at mini where it is judged alone -> what spoils it for its placebo
    "overfitting/at/ten_classes": "answers shuffled",
    "figure3/correct-rises": "epochs shuffled",
    "figure5/more-separable/noise0.4": "names swapped",
    "figure4/hard-memorises": "labels right",
    "figure4/hard-collapses": "curves sorted",
    "figure2/falls-less/sglr_released-at": "other arguments",
    "proposition1": "other arguments",
}


@pytest.mark.parametrize("name", KINDS_OF_PLACEBO)
def test_each_kind_of_placebo_can_be_reproduced(name, monkeypatch):
    """One that spoils nothing is reproduced as well, and the claim void."""
    (claim,) = [claim for claim in stated() if claim.id == name]
    spoils = claim.placebo if isinstance(claim.placebo, str) else "other arguments"
    (sound,) = judge_all([claim], mini(), "mini")
    assert (sound.word, spoils) == ("reproduced", KINDS_OF_PLACEBO[name])
    assert sound.placebo != "reproduced"
    unchanged = dict.fromkeys(PLACEBOS, lambda results, draw: results)
    monkeypatch.setattr(ledger, "PLACEBOS", unchanged)
    if spoils == "other arguments":
        claim = replace(claim, placebo={})
    (void,) = judge_all([claim], mini(), "mini")
    assert (void.word, void.placebo) == ("undecided", "reproduced")


def test_no_other_method_makes_a_comparison_of_two_void():
    """Points lost: AT 10, LS 1, SGLR 0.5, released 5. Released above LS is nothing to SGLR."""
    lost = {"at": 0.10, "ls": 0.01, "sglr": 0.005, "sglr_released": 0.05}
    rows = []
    for method, loss in lost.items():
        for seed in range(3):
            for epoch, accuracy in enumerate(
                (0.2, 0.4, 0.4 - loss * (1 + seed / 50)), 1
            ):
                row = {"method": method, "seed": seed, "split": "test"}
                rows.append(row | {"epoch": epoch, "accuracy": accuracy})
    results = Results({"figure2": pd.DataFrame(rows)})
    claims_of_two = [c for c in stated() if c.id.startswith("figure2/falls-less")]
    found = {each.claim.id: each for each in judge_all(claims_of_two, results, "mini")}
    assert found["figure2/falls-less/sglr-at"].word == "reproduced"
    assert found["figure2/falls-less/ls-at"].word == "reproduced"
    assert found["figure2/falls-less/sglr_released-ls"].word == "contradicted"
    assert {each.placebo for each in found.values()} == {"contradicted", "reproduced"}


def test_what_hard_labels_do_is_not_void_where_sglr_does_it_too():
    """Both memorise nine labels in ten of which six are true, and lose 30 points of test accuracy from their peak."""
    rows = []
    for method, r in (("standard", None), ("standard_sglr", 1.0)):
        for seed, split in product(range(3), ("train", "test")):
            end = 0.9 if split == "train" else 0.5 + seed / 100
            for epoch, accuracy in enumerate((0.2, 0.8, end), 1):
                row = {"method": method, "r": r, "seed": seed, "split": split}
                row |= {"true_portion": 0.64 + seed / 1000, "untouched_portion": 0.6}
                rows.append(row | {"epoch": epoch, "accuracy": accuracy})
    names = ("figure4/hard-memorises", "figure4/hard-collapses")
    of_hard = [claim for claim in stated() if claim.id in names]
    found = judge_all(of_hard, Results({"figure4": pd.DataFrame(rows)}), "mini")
    assert [each.word for each in found] == ["reproduced"] * 2
    assert "reproduced" not in {each.placebo for each in found}


# The committed verdicts, from the raw files by a few lines of pandas and numpy.


def evaluation(run: str) -> dict:
    return json.loads((MINI / "runs" / run / "evaluation.json").read_text())[
        "checkpoints"
    ]


def bits(run: str, checkpoint: str, attack: str) -> np.ndarray:
    entry = evaluation(run)[checkpoint]
    text = (
        entry["autoattack"]["correct"]
        if attack == "autoattack"
        else entry[f"{attack}_correct"]
    )
    return np.array([int(bit) for bit in text])


def over(runs: list[str], sign: dict[tuple[str, str], int], attack: str) -> np.ndarray:
    """Signed sums in points, (seeds, images), of (method, checkpoint) -> sign."""
    rows = []
    for seed in range(3):
        terms = [
            weight * bits(f"cifar10-{method}-s{seed}", checkpoint, attack)
            for (method, checkpoint), weight in sign.items()
        ]
        rows.append(100 * np.sum(terms, axis=0))
    return np.stack(rows)


def history(run: str) -> pd.DataFrame:
    return pd.read_csv(MINI / "runs" / run / "history.csv").set_index("epoch")


def shown(name: str) -> tuple[str, float, list[float]]:
    """Verdict, value and ends of the interval as the ledger prints them."""
    row = LEDGER.loc[name]
    ends = [float(row[end]) for end in ("low", "high") if row[end]]
    return row["verdict"], float(row["value"]), ends


LOST = {("best",): 1, ("final",): -1}
TABLES = {
    # id -> attack of the weakest part, signs, what the word must be
    "overfitting/at/ten_classes": (
        "autoattack",
        {("at", "best"): 1, ("at", "final"): -1},
        "reproduced",
    ),
    "table3/gap/ten_classes/sglr_released": (
        "pgd20",
        {
            ("at", "best"): 1,
            ("at", "final"): -1,
            ("sglr_released", "best"): -1,
            ("sglr_released", "final"): 1,
        },
        "reproduced",
    ),
    "table3/gap/ten_classes/sglr": (
        "autoattack",
        {
            ("at", "best"): 1,
            ("at", "final"): -1,
            ("sglr", "best"): -1,
            ("sglr", "final"): 1,
        },
        "undecided",
    ),
    "ls/helps": ("autoattack", {("ls", "final"): 1, ("at", "final"): -1}, "undecided"),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_verdict_on_three_seeds_is_what_numpy_says(name):
    attack, signs, word = TABLES[name]
    values = over([], signs, attack)
    found, value, (low, high) = shown(name)
    assert value == pytest.approx(values.mean(), abs=0.006) and found == word
    # Another bootstrap of seeds and images, drawn one resample at a time.
    generator, seeds = np.random.default_rng(7), len(values)
    stretched = values.mean(0) + (values - values.mean(0)) * np.sqrt(
        seeds / (seeds - 1)
    )
    means = []
    for _ in range(2000):
        rows = generator.integers(seeds, size=seeds)
        columns = generator.integers(values.shape[1], size=values.shape[1])
        means.append(stretched[np.ix_(rows, columns)].mean())
    freedom = _freedom(values)
    half = np.std(means) * stats.t.ppf(0.975, freedom)
    assert (high - low) / 2 == pytest.approx(half, rel=0.12)
    assert (low > 0) == (value - half > 0)


def _freedom(values: np.ndarray) -> float:
    """Satterthwaite's degrees of freedom of two variances added."""
    seeds, images = values.shape
    a = values.mean(1).var(ddof=1) / seeds
    b = values.mean(0).var(ddof=1) / images
    return (a + b) ** 2 / (a**2 / (seeds - 1) + b**2 / (images - 1))


def student(values: list[float]) -> tuple[float, float, float]:
    ends = stats.ttest_1samp(values, 0).confidence_interval()
    return np.mean(values), ends.low, ends.high


def falls_less() -> list[float]:
    lost = {}
    for method in ("at", "sglr_released"):
        for seed in range(3):
            curve = 100 * history(f"cifar10-{method}-s{seed}")["test_robust_accuracy"]
            lost[method, seed] = curve.max() - curve.iloc[-1]
    return [lost["at", seed] - lost["sglr_released", seed] for seed in range(3)]


def ends_higher() -> list[float]:
    names = ("standard_sglr-noise0.4", "standard-noise0.4")
    last = {
        (name, seed): history(f"cifar10noise-{name}-s{seed}")[
            "test_natural_accuracy"
        ].iloc[-1]
        for name in names
        for seed in range(3)
    }
    return [100 * (last[names[0], seed] - last[names[1], seed]) for seed in range(3)]


def memorises() -> list[float]:
    """The highest training accuracy of hard labels, less the portion of true ones."""
    found = []
    for seed in range(3):
        run = f"cifar10noise-standard-noise0.4-s{seed}"
        true = json.loads((MINI / "runs" / run / "manifest.json").read_text())[
            "true_portion"
        ]
        found.append(100 * (history(run)["train_accuracy"].max() - true))
    return found


def peak_after_drop() -> list[float]:
    peaks = [
        history(f"cifar10-at-s{seed}")["test_robust_accuracy"].idxmax()
        for seed in range(3)
    ]
    return [
        float(peak - 15) for peak in peaks
    ]  # of 32 epochs the 16th is the first slower one


CURVES = {
    "figure2/falls-less/sglr_released-at": (falls_less, "reproduced"),
    "figure4/ends-higher/r1": (ends_higher, "reproduced"),
    "figure4/hard-memorises": (memorises, "reproduced"),
    "figure2/after-drop": (peak_after_drop, "undecided"),
}


@pytest.mark.parametrize("name", CURVES)
def test_a_verdict_on_curves_is_students(name):
    values, word = CURVES[name]
    found, value, ends = shown(name)
    assert (value, *ends) == pytest.approx(student(values()), abs=0.006)
    assert found == word


def test_r_rises_to_the_end_of_the_grid_which_contradicts_a_fall():
    """Table 4 at T = 1.5: r = 0.8 above r = 0.2, one seed, the same 2,000 images."""
    one, other = (
        bits(f"cifar10-sglr{part}-s0", "final", "pgd20") for part in ("", "-r0.8")
    )
    found, value, _ = shown("table4/r/pgd20/T1.5")
    assert value == pytest.approx(100 * (one - other).mean(), abs=0.006)
    assert (
        found == "contradicted" and value < -2 * 100 * np.std(one - other) / 2000**0.5
    )


def test_the_best_of_both_sglr_is_pgd_ats_network_and_not_testable():
    for name in ("sglr", "sglr_released"):
        best, base = (evaluation(f"cifar10-{run}-s0")["best"] for run in (name, "at"))
        assert best["epoch"] == base["epoch"] < 15  # refinement starts in the 15th
        assert best["pgd20_correct"] == base["pgd20_correct"]
        assert (
            LEDGER.loc[f"order/autoattack/best/{name}", "verdict"]
            == "not testable here"
        )


# The ledger as a whole.


def test_the_committed_ledger_is_what_the_command_writes(tmp_path):
    shutil.copytree(MINI / "collected", tmp_path / "results/mini/collected")
    for name in ("overhead.json", "overhead.sha256"):
        shutil.copy(MINI / name, tmp_path / "results/mini")
    said = output(sglr(tmp_path, "claims", scale="mini")).splitlines()
    for name in names.LEDGER:
        assert (tmp_path / "results/mini" / name).read_bytes() == (
            MINI / name
        ).read_bytes()
    for line, (kind, words) in zip(said[-4:], KINDS.items(), strict=True):
        rows = LEDGER[LEDGER["kind"] == kind]
        assert line.startswith(f"{len(rows)} {words}: ")
        assert f"{(rows['verdict'] == 'reproduced').sum()} reproduced" in line


def test_corrected_p_values_are_those_of_the_empirical_claims_alone():
    rows = LEDGER[(LEDGER["kind"] == "empirical") & (LEDGER["p_value"] != "")]
    p = rows["p_value"].astype(float).sort_values()
    smallest = rows.loc[p.index[0]]
    assert float(smallest["p_value_corrected"]) == pytest.approx(
        len(p) * p.iloc[0], rel=0.06
    )
    decided = rows[rows["verdict"].isin(["reproduced", "contradicted"])]
    assert (decided["p_value_corrected"].astype(float) < 0.05).all()
    assert set(LEDGER[LEDGER["kind"] == "exact"]["p_value_corrected"]) == {""}


def test_with_nothing_collected_only_what_needs_no_training_is_judged():
    records = judge_all(claims(Results({})), Results({}), "paper")
    judged = {record.claim.kind for record in records if record.word != "not run"}
    assert judged == {"exact"}


def test_a_value_of_the_paper_is_judged_at_its_own_scale_alone():
    cells = [claim for claim in claims(Results({})) if claim.id.startswith("table")]
    cells = [claim for claim in cells if claim.kind == "cell"]
    for scale, words in (("mini", {"not run"}), ("paper", {"undecided"})):
        assert {record.word for record in judge_all(cells, published(), scale)} == words


def test_the_yaml_is_read_as_it_stands():
    entries = read_yaml(CONFIG / "claims.yaml")
    assert {claim.measure for claim in stated()} == {
        entry["measure"] for entry in entries
    }


def test_the_papers_inconsistencies_are_those_known():
    """Facts read off the paper by hand: what must be found, and how many of each kind."""
    found = inconsistencies()
    kinds = {
        kind: [item for item in found if item.kind == kind]
        for kind in {item.kind for item in found}
    }
    beyond = [item for item in kinds["difference"] if "more than rounding" in item.what]
    assert [item.where for item in beyond] == ["table3 cifar10 trades_sglr natural"]
    assert {item.where for item in kinds["difference"]} - {beyond[0].where} == {
        "table2 cifar10 at natural",
        "table3 cifar10 at natural",
        "table2 cifar10 ls autoattack",
        "table2 cifar10 kd_swa natural",
        "table3 cifar100 trades natural",
    }
    assert any(
        "43.7 / 45.7 / 45.8" in item.what and "2.1 apart" in item.what
        for item in kinds["r = 0"]
    )
    assert [item.what.split(": ", 1)[1] for item in kinds["headline"]] == [
        "best 56.4: sglr, diff 0.4: trades_sglr"
    ]
    mixed = [
        item.where
        for item in kinds["quoted"]
        if "which is pgd10, not pgd20" in item.what
    ]
    assert mixed == ["table2 cifar10 te pgd20", "table3 cifar10 trades pgd20"]
    assert any(
        "54.9 at T = 1, 55.9 at T = 1.5" in item.what for item in kinds["temperature"]
    )
    assert any("T = 1.5 with 82.9 / 55.9" in item.what for item in kinds["main result"])
    text = " ".join(item.what for item in kinds["text"])
    assert (
        "kd_swa autoattack: -1.1" in text
        and "natural best: -0.8" in text
        and "(T = 1.5)" in text
    )
    especially = [item for item in kinds["text"] if "especially" in item.what]
    assert len(especially) == 4 and len(kinds["text"]) == 8


def test_theorem_2_holds_for_the_symmetric_part_alone():
    assert theory.noisy_risks(Results({}), loss="reverse").value < 1e-9
    assert theory.noisy_risks(Results({}), loss="refined").value > 1e-3
