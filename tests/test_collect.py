"""What is collected for figures is what the runs have recorded."""

import pandas as pd
from tools import history_of, manifest_of

from sglr.artefacts.collect import collect as collect_runs
from sglr.files.records import write_csv, write_json
from sglr.plan.plan_files import load_plan


def test_how_many_labels_are_right_is_collected_where_it_was_recorded(tmp_path):
    plan = load_plan("smoke")
    for number, run in enumerate(plan.runs_of["figure_labels"]):
        folder = tmp_path / "smoke/runs" / run.id
        write_csv(folder / "history.csv", history_of({}, {}))
        manifest = manifest_of(plan, run) | {"true_portion": 0.65}
        manifest["final"]["epoch"] = 2
        write_json(folder / "manifest.json", manifest)
        if number:  # the first was trained before this was recorded
            rows = [{"epoch": epoch, "label_accuracy": epoch / 4} for epoch in (1, 2)]
            write_csv(folder / "label_accuracy.csv", rows)
    collect_runs("figure_labels", plan, tmp_path)
    found = pd.read_csv(tmp_path / "smoke/collected/figure_labels.csv")
    assert len(found) == 2 * (len(plan.runs_of["figure_labels"]) - 1)
    assert set(found["label_accuracy"]) == {0.25, 0.5}
    assert set(found["given_accuracy"]) == {0.65}


def test_attack_and_label_noise_are_what_the_runs_record(tmp_path):
    plan = load_plan("smoke")  # whose trainings attack in 2 steps
    for run in plan.runs_of["figure2"] + plan.runs_of["figure4"]:
        folder = tmp_path / "smoke/runs" / run.id
        write_csv(folder / "history.csv", history_of({}))
        write_csv(
            folder / "labels.csv",
            [{"class_index": 0, "target_class": 0, "probability": 1.0}],
        )
        write_json(
            folder / "manifest.json",
            manifest_of(plan, run) | {"untouched_portion": 0.625, "true_portion": 0.65},
        )
    for name in ("figure2", "figure4"):
        collect_runs(name, plan, tmp_path)
    curves, noisy = (
        pd.read_csv(tmp_path / f"smoke/collected/{name}.csv")
        for name in ("figure2", "figure4")
    )
    assert set(curves["num_steps"]) == {7}
    assert noisy[
        ["noise", "untouched_portion", "true_portion"]
    ].drop_duplicates().values.tolist() == [[0.4, 0.625, 0.65]]
