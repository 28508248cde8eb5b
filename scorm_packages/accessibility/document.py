"""Hold a page's tree so that rules can ask it small questions, each answered in bounded time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from typing import Final, cast

from lxml import etree

MOST_ELEMENTS: Final = 60_000
MOST_TEXT_PIECES: Final = 200
MOST_TEXT_CHARACTERS: Final = 2_000
MOST_ANCESTORS: Final = 60

_ASKED: Final = (
    *("a", "audio", "body", "button", "frame", "frameset", "h1", "h2", "h3", "h4", "h5", "h6", "iframe", "img"),
    *("input", "label", "link", "meta", "select", "style", "table", "textarea", "title", "video", "area"),
)
_TOLD: Final = ("id", "class", "src", "href", "name", "type", "lang", "content")
_SHOWN_CHARACTERS: Final = 60
_SILENT: Final = frozenset({"script", "style", "template", "noscript"})

Element = etree._Element
"""What lxml has no public name for."""


class Document:
    """A page that was read."""

    def __init__(self, root: Element) -> None:
        """Look through the tree once; past the bound the rest is left alone."""
        self.root = root
        self._by_tag: dict[str, list[Element]] = defaultdict(list)
        for element in islice(root.iter(*_ASKED), MOST_ELEMENTS):
            self._by_tag[str(element.tag)].append(element)

    def all(self, *tags: str) -> Iterator[Element]:
        """Give the elements of these tags, tag after tag, each in the page's order."""
        for tag in tags:
            yield from self._by_tag.get(tag, ())

    def having(self, attribute: str) -> Iterator[Element]:
        """Give the elements that have an attribute."""
        return iter(cast("list[Element]", self.root.xpath(f"//*[@{attribute}]")))

    @cached_property
    def headings(self) -> list[Element]:
        """Return the headings in the page's order, hidden ones left out."""
        found = islice(self.root.iter("h1", "h2", "h3", "h4", "h5", "h6"), MOST_ELEMENTS)
        return [element for element in found if not is_silent(element)]

    @cached_property
    def ids(self) -> dict[str, int]:
        """Return how often each id stands in the page."""
        counts: dict[str, int] = defaultdict(int)
        for id_ in cast("list[str]", self.root.xpath("//@id")):
            counts[str(id_)] += 1
        return counts

    @cached_property
    def labelled(self) -> frozenset[str]:
        """Return the ids that labels are for."""
        return frozenset(label.get("for", "") for label in self.all("label") if text_of(label))

    @cached_property
    def text(self) -> str:
        """Return the beginning of what the page says."""
        body = next(self.all("body"), self.root)
        pieces: list[str] = []
        for element in islice(body.iter(etree.Element), MOST_ELEMENTS):
            if element.tag not in _SILENT and element.text:
                pieces.append(element.text[:MOST_TEXT_CHARACTERS])
            if element.tail and element is not body:
                pieces.append(element.tail[:MOST_TEXT_CHARACTERS])
            if len(pieces) > MOST_TEXT_CHARACTERS:
                break
        return " ".join(" ".join(pieces).split())


def is_silent(element: Element) -> bool:
    """Tell whether nobody is told of an element: it is hidden, or waits in a template."""
    if element.get("hidden") is not None or element.get("aria-hidden") == "true":
        return True
    parents = islice(element.iterancestors(), MOST_ANCESTORS)
    return any(parent.tag in _SILENT or parent.get("aria-hidden") == "true" for parent in parents)


def text_of(element: Element) -> str:
    """Return the beginning of an element's text, with the alternative texts of its pictures."""
    pieces: list[str] = []
    for part in islice(element.iter(etree.Element), MOST_TEXT_PIECES):
        if part.tag not in _SILENT:
            pieces += [part.get("alt") or "", part.get("aria-label") or "" if part is not element else ""]
            pieces.append((part.text or "")[:MOST_TEXT_CHARACTERS])
        if part is not element:
            pieces.append((part.tail or "")[:MOST_TEXT_CHARACTERS])
    return " ".join(" ".join(pieces).split())


def name_of(element: Element) -> str:
    """Return what a screen reader calls an element, as far as the element itself says."""
    for attribute in ("aria-label", "aria-labelledby", "title"):
        if (named := (element.get(attribute) or "").strip()) and attribute != "title":
            return named
    return text_of(element) or (element.get("title") or "").strip()


def excerpt(element: Element) -> str:
    """Return a few words by which an author finds an element again."""
    told = [(name, element.get(name)) for name in _TOLD]
    attributes = "".join(f' {name}="{_cut(value)}"' for name, value in told if value)
    return f"<{element.tag}{attributes}>{_cut(text_of(element))}"


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"
