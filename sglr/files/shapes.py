"""What a JSON file must hold, said once and checked by every reader of it. Imports no torch."""

from math import isfinite
from pathlib import Path
from typing import Any

from sglr.files.disk import damaged

SHARE = "a number within [0, 1]"
COUNT = "a whole number from 0 on"
BITS = "a text of 0 and 1"
NUMBER = "a finite number"
SECONDS = "a finite number from 0 on"
CORRELATION = "a number within [-1, 1]"
MAYBE_INFINITE = "a number from 0 on"
BOOLEAN = "true or false"
TEXT = "a text"


def check(content: Any, shape: Any, path: Path, name: str = "") -> None:
    """Raise UsageError, with file, key and what is allowed, unless `content` has the shape.

    A shape is one of the words above; {key: shape}, a key ending in "?" may be missing and "*" is any; [shape], a list
    of such; (shape,), such or null; dict, any mapping. Other keys are let be.
    """
    if isinstance(shape, tuple):
        if content is not None:
            check(content, shape[0], path, name)
    elif isinstance(shape, list):
        _demand(isinstance(content, list), "a list", content, path, name)
        for number, value in enumerate(content):
            check(value, shape[0], path, f"{name}[{number}]")
    elif isinstance(shape, dict):
        _demand(isinstance(content, dict), "a mapping", content, path, name)
        _check_keys(content, shape, path, name)
    elif shape is dict:
        _demand(isinstance(content, dict), "a mapping", content, path, name)
    else:
        _demand(_is(content, shape), shape, content, path, name)


def _check_keys(
    content: dict[str, Any], shape: dict[str, Any], path: Path, name: str
) -> None:
    for key, inner in shape.items():
        plain = key.removesuffix("?")
        if key == "*":
            for each, value in content.items():
                check(value, inner, path, _inside(name, each))
        elif plain in content:
            check(content[plain], inner, path, _inside(name, plain))
        elif plain == key:
            raise damaged(path, f"it has no {_inside(name, key)!r}")


def _inside(name: str, key: str) -> str:
    return f"{name}.{key}" if name else key


def _is(value: Any, what: str) -> bool:
    if what == TEXT:
        return isinstance(value, str)
    if what == BITS:
        return isinstance(value, str) and value != "" and not value.strip("01")
    if what == BOOLEAN:
        return isinstance(value, bool)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if what == MAYBE_INFINITE:
        return number and value >= 0  # NaN is not
    if not number or not isfinite(value):
        return False
    if what == SHARE:
        return 0 <= value <= 1
    if what == CORRELATION:
        return -1 <= value <= 1
    if what == SECONDS:
        return value >= 0
    return what == NUMBER or (isinstance(value, int) and value >= 0)


def _demand(held: bool, what: str, value: Any, path: Path, name: str) -> None:
    if not held:
        raise damaged(path, f"{name} must be {what}, got {str(value)[:40]!r}")


_NETWORK = {"epoch": COUNT, "sha256": TEXT}

MANIFEST = {
    "run": TEXT,
    "scale": TEXT,
    "run_settings": dict,
    "best": _NETWORK,
    "best_validation": _NETWORK,
    "final": _NETWORK,
    "trajectory": [_NETWORK],
    "images_sha256": {"train": TEXT, "test": TEXT},
    "collapsed?": TEXT,
    "taught_by?": {"*": TEXT},
    "fitted?": dict,
    "untouched_portion": SHARE,
    "true_portion": SHARE,
    "seconds_per_epoch?": [SECONDS],
    "training_seconds_per_epoch?": [SECONDS],
    "engine": {"channels_last": BOOLEAN},
    "origin": {"versions?": dict},
}

_AUTOATTACK = {
    "num_images": COUNT,
    "accuracy": SHARE,
    "robust_after?": {"fab-t": COUNT, "square": COUNT, "*": COUNT},
    "correct": BITS,
}
_GRADIENTS = dict.fromkeys(("num_images", "vanishing", "num_apgd", "apgd_stuck"), COUNT)
EVALUATION = {
    "checkpoints": {
        "*": {
            "epoch?": COUNT,
            "sha256?": TEXT,
            "num_images": COUNT,
            "natural_accuracy": SHARE,
            "natural_correct?": BITS,
            "pgd20_accuracy": SHARE,
            "pgd20_correct": BITS,
            "autoattack": (_AUTOATTACK,),
            "gradients?": _GRADIENTS,
        }
    },
    "measured_with?": dict,
    "origin?": dict,
}

# Beside a published network, as far as it is listed.
PUBLISHED: dict[str, Any] = dict.fromkeys(
    ("clean_acc", "autoattack_acc", "architecture", "eps"), TEXT
)
PUBLISHED |= {"sglr": {"autoattack_images": COUNT}}

MEASURED = {"networks": [TEXT], "measured_with": dict}  # trajectory.json, features.json
SEPARABILITY = {"silhouette": CORRELATION, "variance_ratio": MAYBE_INFINITE}
OVERHEAD = {"seconds": {"*": [SECONDS]}}
_TEACHERS = {"standard_teacher": BOOLEAN, "adversarial_teacher": BOOLEAN}
FORWARDS = {
    "rows": [
        {"method": TEXT, "trained_teachers": COUNT, "forwards_measured": COUNT}
        | _TEACHERS
    ]
}
DIVERGED = dict.fromkeys(("fingerprint", "step", "message"), TEXT) | {
    "attempts": COUNT,
    "origin": dict,
}

# What the page says of a training besides.
ORIGIN = MANIFEST | {
    "seconds_per_epoch": [SECONDS],
    "origin": {"versions": dict, "device": TEXT, "commit": (TEXT,), "python": TEXT},
    "run_settings": {"seed": COUNT},
}
TIMED = {"seconds_per_epoch": [SECONDS]}

BY_NAME = {
    "manifest.json": MANIFEST,
    "evaluation.json": EVALUATION,
    "separability.json": SEPARABILITY,
}
