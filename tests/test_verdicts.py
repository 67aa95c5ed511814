"""The committed verdicts, worked out again from the raw files by a few lines of pandas and numpy."""

import json

import numpy as np
import pandas as pd
import pytest
from committed_ledger import LEDGER, MINI
from scipy import stats


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
