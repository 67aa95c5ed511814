"""Scales as they are written down: config/scales/NAME.yaml or a file of one's own, its base, and what changes of it."""

import re
from dataclasses import fields, replace
from os.path import normpath
from pathlib import Path
from typing import Any

from sglr.files.errors import UsageError
from sglr.files.settings import from_mapping, unknown
from sglr.files.yaml import CONFIG, read_yaml
from sglr.plan.changes import apply, differences
from sglr.plan.scales import Scale

# What a scale's file may say: its name is the file's own.
_KEYS = sorted({each.name for each in fields(Scale)} - {"name"} | {"base"})


def scale_names() -> list[str]:
    """The scales that have a file."""
    return sorted(path.stem for path in (CONFIG / "scales").glob("*.yaml"))


def load_scale(name: str) -> Scale:
    """Return the scale of config/scales/NAME.yaml, or of a file of one's own, with what `name` changes of it.

    A changed scale is named NAME+KEY=VALUE+..., such as mini+attack.epsilon=4/255; its own name has the values as they
    were read, the keys sorted, and none that the file has anyway. Raises UsageError with file, key, value and what is
    allowed.
    """
    file, *changes = re.split(r"\+(?!.*\.ya?ml)", name)
    content = scale_content(file)
    plain = _scale(content, _own_name(file), _shown(file))
    if not changes:
        return plain
    for change in changes:
        apply(change, content)
    changed = _scale(
        content, plain.name, f"{_shown(file)} with {' and '.join(changes)}"
    )
    differing = "".join(
        f"+{key}={value}" for key, value in sorted(differences(plain, changed, changes))
    )
    return replace(
        changed,
        name=plain.name + differing,
        label=plain.label + differing.replace("+", ", "),
    )


def _own_name(file: str) -> str:
    """The name of a scale, and of its results folder. Raises UsageError where another scale has it."""
    name = Path(file).stem
    if not re.fullmatch(r"[A-Za-z0-9_]+", name):
        raise UsageError(
            f"{file}: a scale's name is letters, digits and '_', got {name!r}"
        )
    own = CONFIG / "scales" / f"{name}.yaml"
    if _is_file(file) and own.exists() and not own.samefile(file):
        raise UsageError(
            f"{file}: there is a scale {name!r} already, in config/scales; rename the file"
        )
    return name


def scale_content(name: str) -> dict[str, Any]:
    """Return what the file of a scale says, that of its `base` filled in. Raises UsageError."""
    seen: list[str] = []
    content: dict[str, Any] = {}
    wanted: str | None = name
    while wanted is not None:
        if wanted in seen:
            raise UsageError(
                f"scale {name!r}: its bases go round in a circle: {' -> '.join([*seen, wanted])}"
            )
        seen.append(wanted)
        own = _file_content(wanted)
        content = _merged(
            {key: value for key, value in own.items() if key != "base"}, content
        )
        wanted = _base(wanted, own["base"]) if "base" in own else None
    return content


def _base(name: str, base: Any) -> str:
    """The scale that scale `name` calls its base; a file is looked for beside the file that names it."""
    folder = Path(name).parent if _is_file(name) else CONFIG / "scales"
    if _is_file(base):
        return normpath(folder / base)
    if base not in scale_names():
        raise UsageError(
            f"{_shown(name)}: base: {unknown(base, scale_names(), 'scale')}"
        )
    return base


def _file_content(name: str) -> dict[str, Any]:
    if _is_file(name):
        content = read_yaml(Path(name))
    elif name in scale_names():
        content = read_yaml(CONFIG / "scales" / f"{name}.yaml")
    else:
        raise UsageError(unknown(name, scale_names(), "scale"))
    if not isinstance(content, dict):
        raise UsageError(f"{_shown(name)}: expected a mapping")
    return content


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """`below` with the values of `above`, mappings merged."""
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if both else value
    return merged


def _scale(content: dict[str, Any], name: str, where: str) -> Scale:
    if not isinstance(content.get("data"), dict):
        raise UsageError(f"{where}: expected a mapping, with a mapping 'data' in it")
    if "name" in content:
        raise UsageError(
            f"{where}: unknown key 'name'; the file's own name is the scale's"
        )
    for key in content:
        if key not in _KEYS:
            raise UsageError(f"{where}: {unknown(key, _KEYS, 'key')}")
    for key, spec in content["data"].items():
        if isinstance(spec, dict) and "name" in spec:
            raise UsageError(
                f"{where}: data.{key}: unknown key 'name'; its key is its name"
            )
    named = {
        key: spec | {"name": key} if isinstance(spec, dict) else spec
        for key, spec in content["data"].items()
    }
    return from_mapping(Scale, content | {"name": name, "data": named}, where)


def _shown(name: str) -> str:
    """A scale's file as messages name it."""
    return name if _is_file(name) else f"config/scales/{name}.yaml"


def _is_file(name: Any) -> bool:
    return isinstance(name, str) and name.endswith((".yaml", ".yml"))
