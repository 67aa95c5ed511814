"""What checkpoints, attacks and data sets are called, in files and in words. Imports no torch."""

CHECKPOINTS = ("best", "best_validation", "final")
ROBUST = ("pgd20", "autoattack")
ATTACKS = ("natural", *ROBUST)
STOPPED = "at_stopped"  # a row of Table 2: PGD-AT stopped early by held-out images
TEN, HUNDRED = "ten_classes", "hundred_classes"
ROLES = {TEN: "10 classes", HUNDRED: "100 classes"}
# What `sglr claims` writes.
LEDGER = ("claims.csv", "claims.md", "claims_parts.csv", "claims_paper.csv")
EXAMPLE = 3  # the class whose first training example stands for all in Figure 2
PAPERS_DATA = {TEN: "cifar10", HUNDRED: "cifar100"}  # the paper's data set in each role
_CIFAR10 = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)


def class_name(source: str, label: int) -> str:
    """Return what a class of a source of images is called; its number where it has no name here."""
    return _CIFAR10[label] if source == "cifar10" else str(label)


def attack_label(attack: str, test_steps: int) -> str:
    """Return the attack in words; `test_steps` is how many steps the scale's final evaluation takes."""
    return {
        "natural": "natural",
        "pgd20": f"PGD-{test_steps}",
        "autoattack": "AutoAttack",
    }[attack]
