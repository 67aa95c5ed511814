"""The model card of an exported network, in Markdown. Imports no torch."""

import json
from typing import TYPE_CHECKING, Any

import yaml

from sglr.methods import METHODS
from sglr.plan.masking import flags, unchecked

if TYPE_CHECKING:
    from sglr.evaluation.finished import Finished

_NORMS = {"linf": "l-infinity", "l2": "l2"}
_CHOSEN = {
    "best": "the epoch with the best accuracy on the test images, as the paper chooses: its accuracies flatter it",
    "best_validation": "the epoch with the best accuracy on held-out training images",
    "final": "the last epoch",
}


def model_card(
    finished: "Finished",
    checkpoint: str,
    evaluated: dict[str, Any],
    file: str,
    sha256: str,
) -> str:
    """Return the card of `file`, whose sha256 is given; `evaluated` is evaluation.json's entry of the checkpoint."""
    run, scale, manifest = finished.run, finished.scale, finished.manifest
    method = METHODS[run.method]
    data, shape = scale.data[run.dataset], finished.shape
    lines = [
        *_head(finished, checkpoint, evaluated),
        f"# {run.id}, {checkpoint}",
        "",
        f"{method.label}: {method.__doc__} Scale {scale.label}.",
        "",
        f"    from sglr import load_model\n    model = load_model({file!r})",
        "",
        f"Images (N, {shape['in_channels']}, H, W) in [0, 1], not normalised, to logits (N, {shape['num_classes']}).",
        "",
        "| what | value |\n|---|---|",
        f"| network | {', '.join(f'{key} {value}' for key, value in shape.items())} |",
        f"| data | {data.source}: {data.num_train} images to train, {data.num_validation} held out; "
        f"label noise {run.label_noise:g} |",
        f"| checkpoint | epoch {evaluated['epoch']}: {_CHOSEN[checkpoint]} |",
        f"| threat model | {_NORMS[scale.attack.norm]}, epsilon {scale.attack.epsilon:.6g} of [0, 1] |",
        *_accuracies(evaluated, scale.attack.test_steps),
        *_signs(evaluated),
        f"| sha256 of {file} | {sha256} |",
        f"| sha256 of the checkpoint | {evaluated['sha256']} |",
        *(
            f"| sha256 of the {name} images and labels | {value} |"
            for name, value in manifest["images_sha256"].items()
        ),
        "",
        "Settings, and where the training ran:",
        "",
        "```json",
        json.dumps(
            {key: manifest[key] for key in ("run_settings", "engine", "origin")},
            indent=1,
        ),
        "```",
    ]
    return "\n".join(lines) + "\n"


def _head(
    finished: "Finished", checkpoint: str, evaluated: dict[str, Any]
) -> list[str]:
    """The head in YAML from which Hugging Face shows licence, data and results."""
    run, scale, attacked = finished.run, finished.scale, evaluated["autoattack"]
    found = {"natural": evaluated["natural_accuracy"]}
    found[f"PGD-{scale.attack.test_steps}"] = evaluated["pgd20_accuracy"]
    if attacked:
        found["AutoAttack"] = attacked["accuracy"]
    source = scale.data[run.dataset].source
    metrics = [
        {"type": "accuracy", "name": f"{name} accuracy", "value": value}
        for name, value in found.items()
    ]
    result = {
        "task": {"type": "image-classification"},
        "dataset": {"type": source, "name": source, "split": "test"},
        "metrics": metrics,
    }
    head = {
        "license": "mit",
        "library_name": "sglr",
        "pipeline_tag": "image-classification",
        "tags": ["adversarial-robustness", "adversarial-training", run.method],
        "datasets": [source],
        "metrics": ["accuracy"],
        "model-index": [{"name": f"{run.id}-{checkpoint}", "results": [result]}],
    }
    return ["---", yaml.safe_dump(head, sort_keys=False).rstrip(), "---", ""]


def _signs(evaluated: dict[str, Any]) -> list[str]:
    """Signs of masked gradients, and those that were not looked for."""
    found = "; ".join(flags(evaluated)) or "none"
    missing = ", ".join(unchecked(evaluated))
    return [
        f"| signs of masked gradients | {found}"
        + (f"; not looked for: {missing} |" if missing else " |")
    ]


def _accuracies(evaluated: dict[str, Any], test_steps: int) -> list[str]:
    count, attacked = evaluated["num_images"], evaluated["autoattack"]
    return [
        f"| natural accuracy | {evaluated['natural_accuracy']:.2%} of {count} test images |",
        f"| PGD-{test_steps} accuracy | {evaluated['pgd20_accuracy']:.2%} of {count} test images |",
        f"| AutoAttack accuracy | {attacked['accuracy']:.2%} of {attacked['num_images']} test images |"
        if attacked
        else "| AutoAttack accuracy | not measured |",
    ]
