"""Signs of masked gradients, in the words that stand above a table of accuracies."""

from typing import Any

import pandas as pd

from sglr.methods import METHODS
from sglr.plan.masking import flags, unchecked

_KEYS = ["dataset", "method", "r", "temperature", "seed", "checkpoint"]


def signs(entry: dict[str, Any]) -> dict[str, str]:
    """Return what each collected row of a checkpoint says of it: the signs found, and those not looked for."""
    return {
        "flags": "; ".join(flags(entry)) or "none",
        "unchecked": ", ".join(unchecked(entry)) or "none",
    }


def words(frame: pd.DataFrame) -> str:
    """Return in words which of the networks have a sign, and of how many something was not looked for.

    A frame that was collected before there were signs has none of their columns.
    """
    if "flags" not in frame:
        return "signs of masked gradients were not collected"
    networks = frame.dropna(subset=["flags"]).drop_duplicates(_KEYS)
    flagged = networks[networks["flags"] != "none"]
    found = [
        f"{row['dataset']} {METHODS[row['method']].label} seed {row['seed']:.0f} {row['checkpoint']}: {row['flags']}"
        for row in flagged.to_dict("records")
    ]
    said = [
        f"signs of masked gradients: {len(flagged)} of {len(networks)} networks",
        *found,
    ]
    for missing, rows in networks.groupby("unchecked"):
        if missing != "none":
            said.append(f"not looked for in {len(rows)}: {missing}")
    return "; ".join(said)
