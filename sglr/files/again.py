"""Which command makes a file again: the advice that a message about it ends with. Imports no torch."""

import re
from pathlib import Path

_OF_A_RUN = {
    "evaluation": "evaluate",
    "evaluate": "evaluate",
    "autoattack": "evaluate",
    "adversarial": "evaluate",
    "trajectory": "trajectory",
    "features": "features",
    "separability": "features",
}
_OF_A_SCALE = {
    "forwards": "count-forwards",
    "overhead": "time-steps",
    "claims": "claims",
    "claims_paper": "claims",
    "claims_parts": "claims",
}
_EVIDENCE = ("answers", "information", "erm", "evidence")


def command_for(path: Path) -> str:
    """Return the command that writes a result, or a figure, again, with no option but `--scale`.

    "" for a file that no command writes. A scale's folder has its name.
    """
    *above, name = path.absolute().parts
    stem = Path(name).stem
    if above[-2:-1] == ["runs"]:
        command = _OF_A_RUN.get(stem.partition("-")[0], "train")
        return _typed(f"{command} {above[-1]}", above[-3])
    if above[-3:-2] == ["runs"]:  # trajectory/0002.safetensors
        return _typed(f"train {above[-2]}", above[-4])
    if above[-1] == "collected":
        plain = re.sub("_(marks|course|separability)$", "", stem)
        artefact = "evidence" if stem in _EVIDENCE else plain
        return _typed(f"collect {artefact}", above[-2])
    if above[-1] == "tables":
        return _typed(f"draw {stem}", above[-2])
    if above[-1] == "exported":
        run, _, checkpoint = stem.rpartition("-")
        return _typed(f"export {run} --checkpoint {checkpoint}", above[-2])
    if stem in _OF_A_SCALE:
        return _typed(_OF_A_SCALE[stem], above[-1])
    if not stem.startswith("figure"):
        return ""
    figure, _, size = stem.partition("-")
    return _typed(f"draw {figure}" + (f" --size {size}" if size else ""), above[-1])


def _typed(words: str, scale: str) -> str:
    return f"sglr {words} --scale {scale}"
