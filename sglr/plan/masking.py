"""Signs that an evaluation flatters a network: gradients that are masked rather than robustness. Imports no torch."""

from typing import Any

# AutoAttack's own threshold for Square (checks.py), and that of the field for PGD (Croce et al. 2022).
_PGD_GAP, _SQUARE_SHARE = 0.06, 0.002
_ROUNDING = 1e-9
Entry = dict[str, Any]


def pgd_gap(entry: Entry) -> float | None:
    """Return PGD accuracy minus AutoAttack's on the same images; None where AutoAttack was not run."""
    attacked = entry["autoattack"]
    if not attacked:
        return None
    bits = entry["pgd20_correct"][: attacked["num_images"]]
    return bits.count("1") / len(bits) - attacked["accuracy"]


def square_takes(entry: Entry) -> float | None:
    """Return the share of the images that Square alone took, after the three white-box attacks; None without it."""
    attacked = entry["autoattack"]
    if not attacked:
        return None
    left = attacked.get("robust_after")
    if not left:
        return None
    return (left["fab-t"] - left["square"]) / attacked["num_images"]


def flags(entry: Entry) -> list[str]:
    """Return a sentence for each sign of masked gradients in a checkpoint's entry of an evaluation.json."""
    gap, square = pgd_gap(entry), square_takes(entry)
    found, gradients = [], entry.get("gradients") or {}
    if gap is not None and gap > _PGD_GAP + _ROUNDING:
        found.append(f"PGD leaves {100 * gap:.1f} points more than AutoAttack")
    if square is not None and square > _SQUARE_SHARE + _ROUNDING:
        found.append(
            f"Square takes {100 * square:.1f} points that the white-box attacks left"
        )
    if gradients.get("apgd_stuck"):
        found.append(
            f"APGD does not raise the loss of {gradients['apgd_stuck']} of {gradients['num_apgd']} images"
        )
    if gradients.get("vanishing"):
        found.append(
            f"the gradient vanishes at {gradients['vanishing']} of {gradients['num_images']} images"
        )
    return found


def unchecked(entry: Entry) -> list[str]:
    """Return which signs the entry says nothing about: AutoAttack left out, or an evaluation from before they were."""
    missing = [] if entry["autoattack"] else ["AutoAttack", "Square"]
    return missing + ([] if entry.get("gradients") else ["APGD's loss", "gradients"])
