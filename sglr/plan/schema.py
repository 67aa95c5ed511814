"""The settings as JSON Schema, from the records themselves: `python -m sglr.plan.schema` writes workflow/schemas/."""

from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import yaml

from sglr.plan.plan_files import Choice
from sglr.plan.scales import ARCHITECTURES, SOURCES, Scale

FOLDER = Path(__file__).resolve().parents[2] / "workflow" / "schemas"
_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_TYPES = {int: "integer", str: "string", bool: "boolean"}
# Names to which a new file or an installed package adds: only the reader knows all of them.
_OPEN = (SOURCES, ARCHITECTURES)
# 8/255 is one too.
_NUMBER = {
    "anyOf": [{"type": "number"}, {"type": "string", "pattern": "^[0-9.]+/[0-9.]+$"}]
}


def schemas() -> dict[str, dict[str, Any]]:
    """Return file name -> schema, of a scale's file with its base worked in, and of `--config`."""
    scale = schema_of(Scale)
    del scale["properties"]["name"]
    scale["required"].remove("name")
    data = scale["properties"]["data"]["additionalProperties"]
    del data["properties"]["name"]
    data["required"].remove("name")
    found = {"scale.schema.yaml": scale, "config.schema.yaml": schema_of(Choice)}
    return {name: {"$schema": _DRAFT} | schema for name, schema in found.items()}


def schema_of(record: type) -> dict[str, Any]:
    """Return the schema of a mapping that becomes `record`."""
    hints = get_type_hints(record)
    found = fields(record)
    return {
        # Python 3.13 takes the indentation away, earlier ones do not.
        "description": " ".join((record.__doc__ or "").split()),
        "type": "object",
        "properties": {
            each.name: _value(hints[each.name], dict(each.metadata)) for each in found
        },
        "required": [each.name for each in found if each.default is MISSING],
        "additionalProperties": False,
    }


def _value(hint: Any, allowed: dict[str, Any]) -> dict[str, Any]:
    if isinstance(hint, UnionType):
        return {"anyOf": [_value(get_args(hint)[0], allowed), {"type": "null"}]}
    if is_dataclass(hint):
        return schema_of(hint)  # type: ignore[arg-type]
    if get_origin(hint) is dict:
        return {"type": "object", "additionalProperties": _value(get_args(hint)[1], {})}
    if choices := allowed.get("choices"):
        closed = {} if choices in _OPEN else {"enum": list(choices)}
        return {"type": "string"} | closed
    if hint is int and allowed:
        return {
            "type": "integer",
            "minimum": allowed["low"],
            "maximum": allowed["high"],
        }
    if hint is float:
        number = _NUMBER["anyOf"][0] | (
            {"minimum": allowed["low"], "maximum": allowed["high"]} if allowed else {}
        )
        return {"anyOf": [number, _NUMBER["anyOf"][1]]}
    return {"type": _TYPES[hint]}


def main() -> None:
    """Write the schemas."""
    FOLDER.mkdir(exist_ok=True)
    for name, schema in schemas().items():
        (FOLDER / name).write_text(yaml.safe_dump(schema, sort_keys=False, width=120))


if __name__ == "__main__":
    main()
