"""What one network's entry of an evaluation.json says, attack by attack. Imports no torch."""

from typing import Any

from sglr.plan.names import ROBUST

Entry = dict[str, Any]


def accuracies_of(entry: Entry) -> dict[str, float | None]:
    """Return attack -> accuracy as a fraction; None where AutoAttack was not run."""
    slow = entry["autoattack"] or {}
    return {
        "natural": entry["natural_accuracy"],
        "pgd20": entry["pgd20_accuracy"],
        "autoattack": slow.get("accuracy"),
    }


def answers_of(entry: Entry) -> dict[str, str | None]:
    """Return attack -> "1" for each image that stayed correct, "0" for each other, in the order of the test set.

    None where AutoAttack was not run; older evaluations kept none of natural images.
    """
    slow = entry["autoattack"] or {}
    return {
        "natural": entry.get("natural_correct"),
        "pgd20": entry["pgd20_correct"],
        "autoattack": slow.get("correct"),
    }


def robust_answers(evaluation: Entry) -> dict[tuple[str, str], str]:
    """Return (checkpoint, attack) -> which images stayed correct, of every attack that was run."""
    images = {}
    for name, entry in evaluation["checkpoints"].items():
        answers = answers_of(entry)
        for attack in ROBUST:
            if correct := answers[attack]:
                images[name, attack] = correct
    return images
