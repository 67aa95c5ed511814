"""The whole DAG once, at its smallest size, from the command that a user types, on a plan of a few runs."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
from test_dictionary import wrong
from tools import ROOT, Done, output, snakemake

from sglr.collected.dictionary import meaning_of, tables
from sglr.plan.names import LEDGER


def build(folder: Path, *words: str) -> Done:
    return snakemake(folder, *words, "--config", f"plan={ROOT}/tests/small_plan.yaml")


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dag")
    output(build(folder, "smoke"))
    return folder


def test_every_table_and_figure_exists(built):
    for number in range(1, 5):
        for ending in ("csv", "md", "tex"):
            assert (
                built / f"results/smoke/tables/table{number}.{ending}"
            ).stat().st_size > 0
    for number in range(1, 6):
        for ending in ("pdf", "png", "svg"):
            assert (built / f"figures/smoke/figure{number}.{ending}").stat().st_size > 0


def test_every_claim_is_judged(built):
    for name in LEDGER:
        assert (built / "results/smoke" / name).stat().st_size > 0
    ledger = pd.read_csv(built / "results/smoke/claims.csv").set_index("id")
    assert ledger.loc["overhead/sglr", "basis"] == "100 repetitions in one process"


def test_every_file_and_column_is_in_the_dictionary(built):
    folder = built / "results/smoke"
    files = [path for path in folder.rglob("*") if path.is_file()]
    below = [path.relative_to(folder.parent).as_posix() for path in files]
    assert [path for path in below if not meaning_of(path, "smoke")] == []
    for file in tables():
        for path in folder.glob(file.path):
            table = pd.read_csv(path, dtype=str, keep_default_na=False)
            assert wrong(table, file) == [], path


def test_the_page_holds_every_figure(built):
    page = (built / "results/smoke/report.html").read_text()
    assert page.count("<img ") == 5 and "Not run." not in page


def test_snakemakes_own_report_has_every_table_and_figure_with_its_caption(built):
    output(build(built, "smoke", "--report", "own.html"))
    page = (built / "own.html").read_text()
    shown = [*(f"table{number}.csv" for number in range(1, 5)), "headline.csv"]
    for name in (*shown, *(f"figure{number}.svg" for number in range(1, 6))):
        assert f'"name": "{name}"' in page
    for caption in (
        "counted on a real one",
        "compared on the same images",
        "Penultimate features",
        "ideal classifier",
    ):
        assert caption in page


def test_a_second_run_has_nothing_to_do(built):
    assert "Nothing to be done" in output(build(built, "smoke"))


def test_a_deleted_figure_is_one_job(built):
    (built / "figures/smoke/figure2.png").unlink()
    plan = output(build(built, "-n", "smoke"))
    assert "rule train" not in plan and "rule collect" not in plan
    output(build(built, "figures/smoke/figure2.png"))


def test_collected_csvs_alone_redraw_a_figure_without_training(built, tmp_path):
    shutil.copytree(
        built / "results/smoke/collected", tmp_path / "results/smoke/collected"
    )
    log = output(build(tmp_path, "figures/smoke/figure1.png"))
    assert "rule train" not in log and (tmp_path / "figures/smoke/figure1.png").exists()
    assert (tmp_path / "figures/smoke/figure1.png").read_bytes() == (
        built / "figures/smoke/figure1.png"
    ).read_bytes()
