"""Tables 1-4 from collected CSVs written by hand: the numbers are invented, the paper's are read off its pages."""

from types import SimpleNamespace

import pandas as pd
import pytest

from sglr.artefacts.render import render as render_artefact

LABEL = "a scale: not the paper's numbers"
SCALE = SimpleNamespace(label=LABEL, attack=SimpleNamespace(test_steps=20))
NATURAL, PGD, AA = ("natural", 400), ("pgd20", 400), ("autoattack", 100)


def accuracies(
    method: str,
    cells: dict[tuple[str, int, str], list[float]],
    role: str = "ten_classes",
) -> pd.DataFrame:
    """Collected rows of one method: cells maps (attack, images, checkpoint) to one accuracy a seed."""
    rows = [
        {
            "dataset": role[:3],
            "role": role,
            "method": method,
            "r": None,
            "temperature": None,
            "seed": seed,
        }
        | {
            "checkpoint": checkpoint,
            "attack": attack,
            "accuracy": accuracy,
            "num_images": images,
        }
        for (attack, images, checkpoint), values in cells.items()
        for seed, accuracy in enumerate(values)
    ]
    return pd.DataFrame(rows)


def full(values: dict[str, list[float]]) -> dict[tuple[str, int, str], list[float]]:
    """The same accuracies, by checkpoint, under every attack."""
    return {
        (*attack, checkpoint): seeds
        for attack in (NATURAL, PGD, AA)
        for checkpoint, seeds in values.items()
    }


ONE_SEED = full({"best": [0.501], "best_validation": [0.493], "final": [0.414]})


@pytest.fixture
def render(tmp_path):
    def rendered(number: int, frame: pd.DataFrame) -> pd.DataFrame:
        (tmp_path / "collected").mkdir(exist_ok=True)
        frame.to_csv(tmp_path / f"collected/table{number}.csv", index=False)
        render_artefact(f"table{number}", SCALE, tmp_path, tmp_path)
        return pd.read_csv(
            tmp_path / f"tables/table{number}.csv", dtype=str, keep_default_na=False
        )

    return rendered


def row(table: pd.DataFrame, **values: str) -> pd.Series:
    found = table[(table[list(values)] == pd.Series(values)).all(axis=1)]
    assert len(found) == 1
    return found.iloc[0]


def test_ours_in_percent_beside_the_papers_row(render):
    found = row(
        render(2, accuracies("at", ONE_SEED)), method="PGD-AT", accuracy="PGD-20"
    )
    assert list(found[["best (test)", "best (validation)", "final", "diff"]]) == [
        "50.1",
        "49.3",
        "41.4",
        "8.7",
    ]
    # Paper, Table 2.
    assert list(found[["paper best", "paper final", "paper diff"]]) == [
        "50.7",
        "41.4",
        "9.3",
    ]


def test_mean_and_sample_deviation_over_seeds(render):
    cells = full(
        {
            "best": [0.50, 0.52, 0.54],
            "best_validation": [0.5] * 3,
            "final": [0.45, 0.45, 0.45],
        }
    )
    found = row(render(2, accuracies("at", cells)), accuracy="natural")
    assert found["best (test)"] == "52.0 ± 2.0"  # deviations -2, 0, 2: sqrt(8 / 2) = 2


def test_the_difference_is_taken_seed_by_seed(render):
    """Best minus final is 5 points for every seed, so its deviation is 0 though both vary by more."""
    cells = full(
        {"best": [0.50, 0.60], "best_validation": [0.5, 0.6], "final": [0.45, 0.55]}
    )
    assert (
        row(render(2, accuracies("at", cells)), accuracy="PGD-20")["diff"]
        == "5.0 ± 0.0"
    )


def test_each_role_stands_beside_its_own_cifar_set(render):
    both = [
        accuracies("at", ONE_SEED, role) for role in ("ten_classes", "hundred_classes")
    ]
    table = render(3, pd.concat(both))
    paper = [
        row(table, data=data, accuracy="PGD-20")["paper best"]
        for data in ("ten", "hun")
    ]
    assert paper == ["50.7", "27.3"]  # paper, Table 3


def test_the_released_variant_stands_beside_sglr_and_our_own_rows_beside_nothing(
    render,
):
    table = render(
        2,
        pd.concat(
            [accuracies(method, ONE_SEED) for method in ("sglr_released", "at_wa")]
        ),
    )
    assert (
        row(table, method="PGD-AT+SGLR (released code)", accuracy="AutoAttack")[
            "paper final"
        ]
        == "50.2"
    )
    assert (
        row(table, method="PGD-AT+WA (ours)", accuracy="AutoAttack")["paper final"]
        == ""
    )


def test_images_are_counted_per_attack(render):
    table = render(2, accuracies("at", ONE_SEED))
    assert [
        row(table, accuracy=name)["images"] for name in ("natural", "AutoAttack")
    ] == ["400", "100"]


def note(folder) -> str:
    """What Table 3's Markdown says above its rows; the LaTeX caption says the same."""
    words = (folder / "tables/table3.md").read_text().splitlines()[0]
    assert words in (folder / "tables/table3.tex").read_text()
    return words


def test_the_note_counts_the_images_of_each_data_set_that_was_run(render, tmp_path):
    planned = pd.DataFrame(
        [{"dataset": "cifar100", "role": "hundred_classes", "method": "at", "seed": 0}]
    )
    few = {("natural", 300, "final"): [0.5], ("pgd20", 300, "final"): [0.5]}
    render(
        3,
        pd.concat(
            [
                accuracies("at", ONE_SEED),
                accuracies("at", few, "hundred_classes"),
                planned,
            ]
        ),
    )
    counts = "ten: natural and PGD-20 on 400 test images, AutoAttack on 100, "
    counts += "hun: natural and PGD-20 on 300 test images;"
    assert counts in note(tmp_path) and "cifar100" not in note(tmp_path)
    assert note(tmp_path).endswith("; on fewer images AutoAttack can lie above PGD-20")


def test_the_note_hides_no_run_measured_on_other_images(render, tmp_path):
    other = {("natural", 60, "final"): [0.5], ("pgd20", 60, "final"): [0.5]}
    render(3, pd.concat([accuracies("at", ONE_SEED), accuracies("trades", other)]))
    assert "on 60 or 400 test images" in note(tmp_path)


def test_a_checkpoint_that_was_not_evaluated_is_not_run(render):
    cells = full({"best": [0.5], "final": [0.45]})
    assert (
        row(render(2, accuracies("at", cells)), accuracy="natural")["best (validation)"]
        == "not run"
    )


def test_an_attack_that_was_not_run_is_not_run(render):
    cells = {cell: seeds for cell, seeds in ONE_SEED.items() if cell[0] != "autoattack"}
    found = row(render(2, accuracies("at", cells)), accuracy="AutoAttack")
    assert (
        list(found[["best (test)", "final", "diff"]]) == ["not run"] * 3
        and found["images"] == ""
    )


def test_a_planned_method_that_was_not_run_keeps_its_row(render):
    planned = pd.DataFrame(
        [{"dataset": "ten", "role": "ten_classes", "method": "awp", "seed": 0}]
    )
    found = row(
        render(2, pd.concat([accuracies("at", ONE_SEED), planned])),
        method="AWP",
        accuracy="AutoAttack",
    )
    assert (
        list(found[["best (test)", "best (validation)", "final", "diff"]])
        == ["not run"] * 4
    )
    assert found["paper best"] == "50.6" and found["images"] == ""  # paper, Table 2


def test_no_difference_without_both_of_its_checkpoints(render):
    assert (
        row(render(2, accuracies("at", full({"best": [0.5]}))), accuracy="natural")[
            "diff"
        ]
        == "not run"
    )


def test_markdown_keeps_the_decimals(render, tmp_path):
    render(
        2,
        accuracies(
            "te", full({"best": [0.8], "best_validation": [0.8], "final": [0.8]})
        ),
    )
    cells = [
        cell.strip()
        for cell in (tmp_path / "tables/table2.md")
        .read_text()
        .splitlines()[5]
        .split("|")
    ]
    # Paper, Table 2: 55.8 - 54.8.
    assert (
        cells[3:8] == ["PGD-20", "400", "80.0", "80.0", "80.0"] and cells[11] == "1.0"
    )


def test_latex_prints_the_scale_and_does_not_only_comment_on_it(render, tmp_path):
    render(2, accuracies("at", ONE_SEED))
    assert any(
        LABEL in line and not line.startswith("%")
        for line in (tmp_path / "tables/table2.tex").open()
    )


def test_table1_speaks_in_names_and_words(render):
    frame = pd.DataFrame(
        {"method": ["ard", "kd_swa"], "standard_teacher": [False, True]}
    )
    table = render(
        1,
        frame.assign(
            adversarial_teacher=True, forwards_measured=[3, 4], forwards_paper=[3, 4]
        ),
    )
    assert list(table["method"]) == ["ARD", "KD-SWA"] and list(
        table["standard teacher"]
    ) == ["no", "yes"]
    assert list(table["forwards measured"]) == ["3", "4"]


def test_table4_is_the_final_checkpoint_by_r_and_temperature(render, tmp_path):
    cells = full({"best": [0.9], "final": [0.3]})
    parts = [
        accuracies("sglr", cells).assign(r=r, temperature=temperature)
        for r in (0, 0.2)
        for temperature in (1, 1.5)
    ]
    table = render(4, pd.concat(parts))
    title = (tmp_path / "tables/table4.md").read_text().splitlines()[0]
    assert title.endswith("ten: natural and PGD-20 on 400 test images")
    # No AutoAttack in Table 4.
    assert list(table["accuracy"]) == ["natural", "PGD-20"] * 2
    found = row(table, temperature="1.5", accuracy="PGD-20")
    assert list(found[["r=0", "r=0.2", "paper r=0", "paper r=0.2"]]) == [
        "30.0",
        "30.0",
        "45.7",
        "55.9",
    ]


def test_every_format_states_the_scale(render, tmp_path):
    assert set(render(2, accuracies("at", ONE_SEED))["scale"]) == {LABEL}
    for ending in ("md", "tex"):
        assert LABEL in (tmp_path / f"tables/table2.{ending}").read_text()


def test_latex_escapes_and_has_as_many_cells_as_columns(render, tmp_path):
    render(
        2,
        accuracies(
            "at",
            full(
                {"best": [0.5, 0.6], "best_validation": [0.5, 0.6], "final": [0.4, 0.5]}
            ),
        ),
    )
    lines = (tmp_path / "tables/table2.tex").read_text().splitlines()
    cells = [line.count(" & ") for line in lines if " & " in line]
    # A head and three attacks; eleven columns.
    assert len(cells) == 4 and set(cells) == {10}


def test_the_attack_is_named_by_the_steps_that_the_scale_takes(tmp_path):
    (tmp_path / "collected").mkdir()
    accuracies("at", ONE_SEED).to_csv(tmp_path / "collected/table2.csv", index=False)
    shorter = SimpleNamespace(label=LABEL, attack=SimpleNamespace(test_steps=3))
    render_artefact("table2", shorter, tmp_path, tmp_path)
    text = (tmp_path / "tables/table2.md").read_text()
    assert "PGD-3" in text and "PGD-20" not in text
