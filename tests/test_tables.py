"""Tables 1-4 from collected CSVs written by hand: the numbers are invented, the paper's are read off its pages."""

from types import SimpleNamespace

import numpy as np
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
    """Write a table from collected rows; return its CSV."""

    def rendered(number: int, frame: pd.DataFrame) -> pd.DataFrame:
        (tmp_path / "collected").mkdir(exist_ok=True)
        frame.to_csv(tmp_path / f"collected/table{number}.csv", index=False)
        render_artefact(f"table{number}", SCALE, tmp_path, tmp_path)
        return pd.read_csv(tmp_path / f"tables/table{number}.csv")

    return rendered


@pytest.fixture
def printed(tmp_path, render):
    """Write a table; return its Markdown, a dictionary a row."""

    def rendered(number: int, frame: pd.DataFrame) -> list[dict[str, str]]:
        render(number, frame)
        text = (tmp_path / f"tables/table{number}.md").read_text()
        head, _, *lines = text.splitlines()[2:]
        names, *cells = [
            [cell.strip() for cell in line.split("|")[1:-1]] for line in (head, *lines)
        ]
        return [dict(zip(names, row, strict=True)) for row in cells]

    return rendered


def row(table: pd.DataFrame, **values: object) -> pd.Series:
    found = table[(table[list(values)] == pd.Series(values)).all(axis=1)]
    assert len(found) == 1
    return found.iloc[0]


def test_ours_in_percent_beside_the_papers_row(printed):
    cells = full({"best": [0.501], "final": [0.414]})
    (found,) = printed(2, accuracies("at", cells))
    assert found["method"] == "PGD-AT" and found["seeds"] == "1"
    # Paper, Table 2.
    assert found["PGD-20 best"] == "50.1 (50.7)"
    assert found["PGD-20 final"] == "41.4 (41.4)"
    assert found["PGD-20 diff"] == "8.7 (9.3)"


def test_one_row_a_method_under_each_attack_best_final_and_difference(printed):
    both = pd.concat([accuracies(method, ONE_SEED) for method in ("at", "awp")])
    rows = printed(2, both)
    attacks = ("natural", "PGD-20", "AutoAttack")
    names = [
        f"{attack} {name}" for attack in attacks for name in ("best", "final", "diff")
    ]
    assert list(rows[0]) == ["data", "method", "seeds", *names]
    names = [row["method"] for row in rows]
    assert names == ["PGD-AT", "AWP", "PGD-AT, stopped early (ours)"]


def test_early_stopping_ends_with_the_network_of_held_out_images(printed):
    """Two seeds, of which one was evaluated by held-out images as well; the paper has no such row."""
    cells = full(
        {"best": [0.50, 0.60], "best_validation": [0.48], "final": [0.45, 0.55]}
    )
    plain, stopped = printed(2, accuracies("at", cells))
    assert plain["PGD-20 final"] == "**50.0 ± 7.1** (41.4)"
    found = [stopped[f"PGD-20 {name}"] for name in ("best", "final", "diff")]
    assert found == ["50.0", "48.0", "**2.0**"] and stopped["seeds"] == "1"
    (alone,) = printed(2, accuracies("awp", ONE_SEED))
    assert alone["method"] == "AWP"


def test_the_csv_is_for_machines(render):
    table = render(2, accuracies("at", ONE_SEED))
    assert list(table) == [
        *("dataset", "method", "attack", "checkpoint", "mean", "standard_deviation"),
        *("num_seeds", "num_images", "paper", "scale"),
    ]
    found = row(table, attack="autoattack", checkpoint="best_validation")
    assert found["mean"] == pytest.approx(49.3) and np.isnan(
        found["standard_deviation"]
    )
    assert (found["num_seeds"], found["num_images"]) == (1, 100)
    assert row(table, attack="pgd20", checkpoint="best")["paper"] == 50.7


def test_mean_and_sample_deviation_over_seeds(render, printed):
    cells = full(
        {
            "best": [0.50, 0.52, 0.54],
            "best_validation": [0.5] * 3,
            "final": [0.45, 0.45, 0.45],
        }
    )
    found = row(render(2, accuracies("at", cells)), attack="natural", checkpoint="best")
    # Deviations -2, 0, 2: sqrt(8 / 2) = 2.
    assert found[["mean", "standard_deviation", "num_seeds"]].tolist() == pytest.approx(
        [52, 2, 3]
    )
    found, _ = printed(2, accuracies("at", cells))
    assert (
        found["natural best"].replace("**", "") == "52.0 ± 2.0 (80.7)"
        and found["seeds"] == "3"
    )


def test_the_difference_is_taken_seed_by_seed(printed):
    """Best minus final is 5 points for every seed, so its deviation is 0 though both vary by more."""
    cells = full(
        {"best": [0.50, 0.60], "best_validation": [0.5, 0.6], "final": [0.45, 0.55]}
    )
    found, _ = printed(2, accuracies("at", cells))
    assert found["PGD-20 diff"] == "5.0 ± 0.0 (9.3)"


def test_the_best_as_printed_is_bold_and_the_smallest_loss(printed):
    other = full({"best": [0.5009], "best_validation": [0.5], "final": [0.42]})
    rows = printed(
        2, pd.concat([accuracies("at_wa", ONE_SEED), accuracies("at_ls_wa", other)])
    )
    columns = ("PGD-20 best", "PGD-20 final", "PGD-20 diff", "natural diff")
    assert [rows[0][name] for name in columns] == ["**50.1**", "41.4", "8.7", "8.7"]
    assert [rows[1][name] for name in columns] == [
        "**50.1**",
        "**42.0**",
        "**8.1**",
        "8.1",
    ]


def test_each_role_stands_beside_its_own_cifar_set(printed):
    both = [
        accuracies("at", ONE_SEED, role) for role in ("ten_classes", "hundred_classes")
    ]
    rows = printed(3, pd.concat(both))
    assert [row["data"] for row in rows] == ["ten", "hun"]
    # Paper, Table 3. None is best of its data set: there is one.
    assert [row["PGD-20 best"] for row in rows] == ["50.1 (50.7)", "50.1 (27.3)"]


def test_the_released_variant_stands_beside_sglr_and_our_own_rows_beside_nothing(
    render,
):
    methods = ("sglr_released", "at_wa")
    table = render(2, pd.concat([accuracies(name, ONE_SEED) for name in methods]))
    cell = {"attack": "autoattack", "checkpoint": "final"}
    assert row(table, method="sglr_released", **cell)["paper"] == 50.2
    assert np.isnan(row(table, method="at_wa", **cell)["paper"])


def note(folder) -> str:
    """What Table 3's Markdown says above its rows; the LaTeX caption says the same."""
    words = (folder / "tables/table3.md").read_text().splitlines()[0]
    caption = words.replace("±", r"$\pm$")
    assert caption in (folder / "tables/table3.tex").read_text()
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


def test_a_checkpoint_that_was_not_evaluated_has_no_number(render):
    cells = full({"best": [0.5], "final": [0.45]})
    table = render(2, accuracies("at", cells))
    found = row(table, attack="natural", checkpoint="best_validation")
    assert np.isnan(found["mean"]) and found["num_seeds"] == 0


def test_an_attack_that_was_not_run_is_not_run(render, printed):
    cells = {cell: seeds for cell, seeds in ONE_SEED.items() if cell[0] != "autoattack"}
    found, _ = printed(2, accuracies("at", cells))
    assert found["AutoAttack best"] == "not run (47.7)"
    table = render(2, accuracies("at", cells))
    slow = table[table["attack"] == "autoattack"]
    assert slow[["mean", "num_images"]].isna().all(axis=None)


def test_a_planned_method_that_was_not_run_keeps_its_row(render, printed):
    planned = pd.DataFrame(
        [{"dataset": "ten", "role": "ten_classes", "method": "awp", "seed": 0}]
    )
    both = pd.concat([accuracies("at", ONE_SEED), planned])
    found = printed(2, both)[1]
    assert found["method"] == "AWP" and found["seeds"] == ""
    assert found["AutoAttack best"] == "not run (50.6)"  # paper, Table 2
    own = render(2, both).query("method == 'awp'")
    assert own["mean"].isna().all() and (own["num_seeds"] == 0).all()


def test_no_difference_without_both_of_its_checkpoints(printed):
    (found,) = printed(2, accuracies("at", full({"best": [0.5]})))
    assert found["natural diff"] == "not run (-1.6)"


def test_table1_speaks_in_names_and_words_and_its_csv_in_values(render, printed):
    frame = pd.DataFrame(
        {"method": ["ard", "kd_swa"], "standard_teacher": [False, True]}
    ).assign(
        trained_teachers=1,
        adversarial_teacher=True,
        forwards_measured=[3, 4],
        forwards_paper=[3, 4],
    )
    rows = printed(1, frame)
    assert [row["method"] for row in rows] == ["ARD", "KD-SWA"]
    assert [row["standard teacher"] for row in rows] == ["no", "yes"]
    assert [row["forwards measured"] for row in rows] == ["3", "4"]
    assert list(render(1, frame)["standard_teacher"]) == [False, True]


def test_table4_is_the_final_checkpoint_by_r_and_temperature(render, printed, tmp_path):
    cells = full({"best": [0.9], "final": [0.3]})
    parts = [
        accuracies("sglr", cells).assign(r=r, temperature=temperature)
        for r in (0, 0.2)
        for temperature in (1, 1.5)
    ]
    rows = printed(4, pd.concat(parts))
    title = (tmp_path / "tables/table4.md").read_text().splitlines()[0]
    assert "ten: natural and PGD-20 on 400 test images; one seed" in title
    # No AutoAttack in Table 4.
    assert [row["accuracy"] for row in rows] == ["natural", "PGD-20"] * 2
    found = [rows[3][name] for name in ("temperature", "r = 0", "r = 0.2")]
    assert found == [
        "1.5",
        "**30.0** (45.7)",
        "**30.0** (55.9)",
    ]  # as good as each other
    number = row(render(4, pd.concat(parts)), temperature=1.5, r=0.2, attack="pgd20")
    assert (number["mean"], number["paper"]) == (pytest.approx(30), 55.9)


def test_every_format_states_the_scale(render, tmp_path):
    assert set(render(2, accuracies("at", ONE_SEED))["scale"]) == {LABEL}
    text = (tmp_path / "tables/table2.md").read_text()
    assert LABEL in text
    latex = (tmp_path / "tables/table2.tex").read_text().splitlines()
    assert any(LABEL in line and not line.startswith("%") for line in latex)


def test_the_attack_is_named_by_the_steps_that_the_scale_takes(tmp_path):
    (tmp_path / "collected").mkdir()
    accuracies("at", ONE_SEED).to_csv(tmp_path / "collected/table2.csv", index=False)
    shorter = SimpleNamespace(label=LABEL, attack=SimpleNamespace(test_steps=3))
    render_artefact("table2", shorter, tmp_path, tmp_path)
    text = (tmp_path / "tables/table2.md").read_text()
    assert "PGD-3" in text and "PGD-20" not in text
