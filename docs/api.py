"""The package's reference as pages of the site, from its sources: nothing is imported, so no torch is needed."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "sglr"
Defined = ast.FunctionDef | ast.ClassDef


def write_pages(folder: Path) -> None:
    """Write a page for each room of the package, and index.md that lists them."""
    folder.mkdir()
    for room, paths in rooms().items():
        (folder / f"{room}.md").write_text(page(room, paths))
    listed = "\n".join(rooms())
    (folder / "index.md").write_text(f"# Reference\n\n```{{toctree}}\n{listed}\n```\n")


def rooms() -> dict[str, list[Path]]:
    """The folders of the package with their modules; its single modules are the room `sglr`."""
    found: dict[str, list[Path]] = {PACKAGE.name: []}
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.stem != "__main__":
            found.setdefault(path.parent.name, []).append(path)
    return found


def page(room: str, paths: list[Path]) -> str:
    """The page of one room."""
    described = (part for path in paths for part in _module(path))
    return "\n\n".join([f"# {room}", *described])


def _module(path: Path, above: Path = PACKAGE.parent) -> Iterator[str]:
    """A heading, the module's own words, and all that it defines in public."""
    parts = path.relative_to(above).with_suffix("").parts
    name = ".".join(parts).removesuffix(".__init__")
    tree = ast.parse(path.read_text())
    yield f"## {name}\n\n```{{py:module}} {name}\n```"
    yield _words(tree)
    for node in _public(tree.body):
        yield _described(node, node.name)
        for inner in _public(node.body) if isinstance(node, ast.ClassDef) else ():
            yield _described(inner, f"{node.name}.{inner.name}", inside=True)


def _public(body: list[ast.stmt]) -> Iterator[Defined]:
    for node in body:
        if isinstance(node, Defined) and not node.name.startswith("_"):
            yield node


def _described(node: Defined, name: str, inside: bool = False) -> str:
    """A directive of Sphinx's Python domain."""
    decorators = [ast.unparse(each) for each in node.decorator_list]
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(map(ast.unparse, node.bases))
        head = f"{{py:class}} {name}" + (f"({bases})" if bases else "")
    elif any(each.endswith("property") for each in decorators):
        head = f"{{py:property}} {name}"
    else:
        kind = "method" if inside else "function"
        returned = f" -> {ast.unparse(node.returns)}" if node.returns else ""
        head = f"{{py:{kind}}} {name}({ast.unparse(node.args)}){returned}"
    return f"````{head}\n\n{_words(node)}\n````"


def _words(node: Defined | ast.Module) -> str:
    """The docstring as Markdown: a paragraph with indented lines keeps them."""
    text = ast.get_docstring(node) or ""
    return "\n\n".join(map(_paragraph, re.split(r"\n\n", text)))


def _paragraph(text: str) -> str:
    if "\n    " in text or text.startswith("    "):
        return f"```text\n{text}\n```"
    parts = re.split(r"(`[^`]*`)", text)
    parts[::2] = [re.sub(r"([*|<\\])", r"\\\1", part) for part in parts[::2]]
    return "".join(parts)
