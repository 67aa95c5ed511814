"""The page as its tests read it: elements with their attributes and text, from Python's own parser."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "input", "img", "br"}


@dataclass
class Element:
    """One element; `text` is all text inside it."""

    tag: str
    attributes: dict[str, str]
    text: str = ""
    children: list["Element"] = field(default_factory=list)

    def all(self, tag: str, **attributes: str) -> list["Element"]:
        """The elements inside of this tag whose attributes are these; `_` stands for `-`."""
        wanted = {
            key.rstrip("_").replace("_", "-"): value
            for key, value in attributes.items()
        }
        found = (
            [self]
            if self.tag == tag and wanted.items() <= self.attributes.items()
            else []
        )
        return found + [
            element
            for child in self.children
            for element in child.all(tag, **attributes)
        ]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {key: value or "" for key, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, (
            f"</{tag}> closes <{self.open[-1].tag}> in line {self.getpos()[0]}"
        )
        self.open.pop()

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data


def parse(page: str) -> Element:
    """The root of the page. Fails where a tag is not closed by its own end."""
    reader = _Reader()
    reader.feed(page)
    assert [element.tag for element in reader.open] == [""]
    return reader.open[0]
