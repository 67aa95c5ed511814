"""What RobustBench asks of an entry (its model_info/*.json), of an exported network. Imports no torch."""

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from sglr.methods import METHODS

if TYPE_CHECKING:
    from sglr.evaluation.finished import Finished


def model_info(
    finished: "Finished", evaluated: dict[str, Any], flags: list[str], sha256: str
) -> dict[str, Any]:
    """Return the entry, accuracies in percent as RobustBench writes them, and below `sglr` what is ours."""
    run, scale, attacked = finished.run, finished.scale, evaluated["autoattack"]
    shape = finished.shape
    return {
        "link": None,  # where it is uploaded; whoever submits it knows
        "name": f"{METHODS[run.method].label}, rerun ({scale.name})",
        "authors": "the sglr-pipeline authors; methods as cited",
        "additional_data": False,
        "number_forward_passes": 1,
        "dataset": scale.data[run.dataset].source,
        "venue": "Unpublished",
        "architecture": f"{shape['architecture']}, width {shape['width']}",
        "eps": str(Fraction(scale.attack.epsilon).limit_denominator(1000)),
        "clean_acc": _percent(evaluated["natural_accuracy"]),
        "reported": _percent(attacked["accuracy"]) if attacked else None,
        "autoattack_acc": _percent(attacked["accuracy"]) if attacked else None,
        "unreliable": bool(flags),
        "sglr": {
            "run": run.id,
            "epoch": evaluated["epoch"],
            "num_images": evaluated["num_images"],
            "autoattack_images": attacked["num_images"] if attacked else 0,
            "pgd20_acc": _percent(evaluated["pgd20_accuracy"]),
            "flags": flags,
            "sha256": sha256,
            "license": "mit",
        },
    }


def _percent(accuracy: float) -> str:
    return f"{100 * accuracy:.2f}"
