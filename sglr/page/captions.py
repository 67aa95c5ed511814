"""Captions, which Snakemake's own report shares, and the figures' text alternatives. Imports no torch."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
from jinja2 import Environment

from sglr.methods import METHODS

_CAPTIONS = Path(__file__).resolve().parents[2] / "workflow" / "report"


def caption(name: str) -> str:
    """The caption of table1-4, figure1-5 or headline."""
    kind, number = (name, "") if name == "headline" else (name[:-1], name[-1])
    job = SimpleNamespace(wildcards=SimpleNamespace(number=number))
    return Environment().from_string((_CAPTIONS / f"{kind}.rst").read_text()).render(snakemake=job).strip()


def alternative(number: int, collected: Path) -> str:
    """What Figure `number` shows, in words and numbers (means over seeds)."""
    return " ".join(_ALTERNATIVES[number](collected))


def _figure1(collected: Path) -> list[str]:
    frame = pd.read_csv(collected / "figure1.csv")
    mean = frame.groupby(["quantity", "epoch"])["value"].mean()
    norm = mean["gradient_norm"]
    return [
        f"PGD-AT: the mean gradient norm goes from {norm.iloc[0]:.2g} to {norm.iloc[-1]:.2g};",
        f"robust accuracy on training images ends at {100 * mean['train_accuracy'].iloc[-1]:.1f} %,",
        f"on test images it {_course(mean['test_pgd20_accuracy'])}.",
    ]


def _figure2(collected: Path) -> list[str]:
    frame = pd.read_csv(collected / "figure2.csv")
    sentences = []
    for method, part in frame.groupby("method", sort=False):
        mean = part.groupby(["split", "epoch"])["accuracy"].mean()
        end = 100 * mean["train"].iloc[-1]
        sentences.append(f"{METHODS[str(method)].label}: test {_course(mean['test'])}, training ends at {end:.1f} %.")
    return sentences


def _figure3(collected: Path) -> list[str]:
    frame = pd.read_csv(collected / "figure3.csv")
    sentences = []
    for name, part in frame.groupby("input", sort=False):
        mean = 100 * part.groupby("epoch")[["confidence_correct", "confidence_incorrect"]].mean()
        first, last = mean.iloc[0], mean.iloc[-1]
        sentences.append(
            f"{name} images: confidence when correct goes from {first.iloc[0]:.0f} to {last.iloc[0]:.0f} %, "
            f"when incorrect from {first.iloc[1]:.0f} to {last.iloc[1]:.0f} %."
        )
    return sentences


def _figure4(collected: Path) -> list[str]:
    frame = pd.read_csv(collected / "figure4.csv")
    sentences = []
    for (method, r), part in frame.groupby(["method", "r"], sort=False, dropna=False):
        mean = part.groupby(["split", "epoch"])["accuracy"].mean()
        name = METHODS[str(method)].label + ("" if r != r else f" (r = {r:g})")
        end = 100 * mean["train"].iloc[-1]
        sentences.append(f"{name}: training ends at {end:.1f} %, test {_course(mean['test'])}.")
    return sentences


def _figure5(collected: Path) -> list[str]:
    frame = pd.read_csv(collected / "figure5_separability.csv")
    sentences = []
    for method, part in frame.groupby("method", sort=False):
        mean = part.groupby("noise")["silhouette"].mean()
        words = ", ".join(f"{value:.2f} at noise {noise:g}" for noise, value in mean.items())
        sentences.append(f"{METHODS[str(method)].label}: silhouette {words}.")
    return sentences


def _course(accuracy: pd.Series) -> str:
    """Peak and end of a curve of fractions by epoch."""
    peak = f"peaks at {100 * accuracy.max():.1f} % in epoch {accuracy.idxmax()}"
    return f"{peak} and ends at {100 * accuracy.iloc[-1]:.1f} %"


_ALTERNATIVES: dict[int, Callable[[Path], list[str]]] = {
    1: _figure1,
    2: _figure2,
    3: _figure3,
    4: _figure4,
    5: _figure5,
}
