"""What checkpoints, attacks and data sets are called, in files and in words. Imports no torch."""

CHECKPOINTS = ("best", "best_validation", "final")
ROBUST = ("pgd20", "autoattack")
ATTACKS = ("natural", *ROBUST)
TEN, HUNDRED = "ten_classes", "hundred_classes"
ROLES = {TEN: "10 classes", HUNDRED: "100 classes"}
EXAMPLE = 3  # the class whose first training example stands for all in Figure 2
PAPERS_DATA = {TEN: "cifar10", HUNDRED: "cifar100"}  # the paper's data set in each role


def attack_label(attack: str, test_steps: int) -> str:
    """Return the attack in words; `test_steps` is how many steps the scale's final evaluation takes."""
    return {
        "natural": "natural",
        "pgd20": f"PGD-{test_steps}",
        "autoattack": "AutoAttack",
    }[attack]
