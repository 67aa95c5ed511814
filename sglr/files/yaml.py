"""YAML read strictly: a key stands once, and a number is what it looks like. Imports no torch."""

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from sglr.files.disk import read_text
from sglr.files.errors import UsageError

# A wheel holds the files themselves; a checkout has a link to its config/, which an archive may lack.
_PLACES = [parent / "config" for parent in Path(__file__).parents[1:3]]
CONFIG = next((place for place in _PLACES if place.is_dir()), _PLACES[0]).resolve()


class _Strict(yaml.SafeLoader):
    """PyYAML's safe loader without octal and sexagesimal numbers (010, 1:00), which stay words here."""

    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Hashable, Any]:
        """Refuse a key that stands twice, of which the library takes the last."""
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_Strict.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag not in _NUMBERS]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_FIRST = list("-+.0123456789")
_Strict.add_implicit_resolver(
    _NUMBERS[0], re.compile(r"[-+]?(?:0|[1-9][0-9]*)$"), _FIRST
)
_FLOAT = (
    r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?|\.[0-9]+|\.inf|\.nan)$"
)
_Strict.add_implicit_resolver(_NUMBERS[1], re.compile(_FLOAT), _FIRST)


def read_yaml(path: Path) -> Any:
    """Return the content of a YAML file. Raises UsageError where it is missing, unreadable or no YAML."""
    return parse_yaml(read_text(path), str(path))


def parse_yaml(text: str, where: str) -> Any:
    """Return what YAML text says. Raises UsageError beginning with `where`."""
    try:
        return yaml.load(text, _Strict)  # noqa: S506 (a safe loader)
    except yaml.YAMLError as error:
        said = " ".join(str(error).split())
        raise UsageError(f"{where}: not readable as YAML: {said}") from None
