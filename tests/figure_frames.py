"""What is collected for each figure, as frames written by hand."""

from pathlib import Path

import numpy as np
import pandas as pd

EPOCHS = np.arange(1, 9)
MARKS = pd.DataFrame(
    [("at", "learning rate drops", 4), ("sglr", "learning rate drops", 4)]
    + [("sglr", "refinement starts", 3)],
    columns=["method", "event", "epoch"],
).assign(r=None)


def figure1() -> dict[str, pd.DataFrame]:
    rate = np.where(EPOCHS < 4, 0.1, np.where(EPOCHS < 6, 0.01, 0.001))
    values = {
        "learning_rate": rate,
        "gradient_norm": EPOCHS / 10,
        "gradient_norm_full": EPOCHS / 20,
    }
    values |= {"train_accuracy": EPOCHS / 10, "test_pgd20_accuracy": 0.5 - EPOCHS / 100}
    values |= {"gradient_norm_settled": EPOCHS / 30, "gradient_norm_settled_se": 0.1}
    values |= {"information_in_weights": 10.0**EPOCHS}
    values |= {"information_settled": 9.0**EPOCHS, "information_settled_se": 2.0}
    frames = [
        pd.DataFrame(
            {
                "seed": seed,
                "epoch": EPOCHS,
                "quantity": name,
                "value": value * (1 + seed),
            }
        )
        for name, value in values.items()
        for seed in (0, 1)
    ]
    return {"figure1": pd.concat(frames)}


def curves(**columns: object) -> list[pd.DataFrame]:
    return [
        pd.DataFrame(
            {
                "seed": 0,
                "epoch": EPOCHS,
                "split": split,
                "accuracy": accuracy,
                **columns,
            }
        )
        for split, accuracy in (("train", EPOCHS / 10), ("test", 0.5 - EPOCHS / 100))
    ]


def figure2() -> dict[str, pd.DataFrame]:
    methods = ("at", "ls", "sglr")
    course = [
        (
            method,
            epoch,
            target,
            f"class {target}",
            own if target == 3 else (1 - own) / 9,
        )
        for method, share in zip(methods, (1.0, 0.82, 0.7), strict=True)
        for epoch in EPOCHS
        for own in [1 if method == "sglr" and epoch < 5 else share]
        for target in range(10)
    ]
    columns = ["method", "epoch", "target_class", "class_name", "probability"]
    frame = pd.concat(
        [part for method in methods for part in curves(method=method, num_steps=13)]
    )
    course = pd.DataFrame(course, columns=columns)
    return {"figure2": frame, "figure2_course": course, "figure2_marks": MARKS}


def figure3() -> dict[str, pd.DataFrame]:
    frames = [
        pd.DataFrame({"seed": 0, "epoch": EPOCHS, "input": name, "ece": 0.1})
        .assign(
            confidence_correct=start + EPOCHS / 40,
            confidence_incorrect=start / 2 + EPOCHS / 40,
        )
        .assign(accuracy=start + 0.1 - abs(EPOCHS - 5) / 100)
        for name, start in (("natural", 0.6), ("adversarial", 0.4))
    ]
    return {"figure3": pd.concat(frames)}


def figure4() -> dict[str, pd.DataFrame]:
    kinds = (("standard", None), ("standard_sglr", 1.0), ("standard_sglr", 0.2))
    frames = [
        part
        for method, r in kinds
        for part in curves(
            method=method, r=r, untouched_portion=0.7, true_portion=0.73, noise=0.3
        )
    ]
    more = pd.concat(frames)
    other = more.assign(seed=1, accuracy=more["accuracy"] + 0.02)
    return {"figure4": pd.concat([more, other]), "figure4_marks": MARKS}


def figure5() -> dict[str, pd.DataFrame]:
    methods, noises, turn = (
        ("standard", "standard_ls", "standard_sglr"),
        (0.0, 0.2, 0.4, 0.6),
        np.arange(20),
    )
    points = [
        pd.DataFrame(
            {
                "method": method,
                "noise": noise,
                "x": turn * (1 + noise),
                "y": -turn,
                "label": turn % 10,
                "class_name": [f"class {label}" for label in turn % 10],
            }
        )
        for method in methods
        for noise in noises
    ]
    numbers = [
        {
            "method": method,
            "noise": noise,
            "seed": seed,
            "silhouette": 0.5 - noise / 2,
            "variance_ratio": noise + seed,
            "drawn_silhouette": 0.9 - seed,
        }
        for method in methods
        for noise in noises
        for seed in (0, 1)
    ]
    return {"figure5": pd.concat(points), "figure5_separability": pd.DataFrame(numbers)}


def figure_labels() -> dict[str, pd.DataFrame]:
    kinds = (("sglr", 0.2, 0.0), ("standard_sglr", 1.0, 0.4))
    frames = [
        pd.DataFrame({"method": method, "r": r, "seed": 0, "epoch": EPOCHS})
        .assign(label_accuracy=1 - noise - EPOCHS / 100, noise=noise)
        .assign(given_accuracy=1 - 0.9 * noise)
        for method, r, noise in kinds
    ]
    return {"figure_labels": pd.concat(frames), "figure_labels_marks": MARKS}


COLLECTED = {1: figure1, 2: figure2, 3: figure3, 4: figure4, 5: figure5}
COLLECTED |= {"_labels": figure_labels}


def collect(number: int | str, folder: Path) -> None:
    (folder / "collected").mkdir(exist_ok=True)
    for name, frame in COLLECTED[number]().items():
        frame.to_csv(folder / f"collected/{name}.csv", index=False)
