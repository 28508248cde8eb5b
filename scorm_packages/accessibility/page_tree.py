"""Read HTML into a small tree: what a page says, without what would make reading it slow or large."""

from __future__ import annotations

import re
from contextlib import suppress
from itertools import islice
from typing import Final

from lxml import etree

from scorm_packages.accessibility.document import Element

MOST_NODES: Final = 60_000
MOST_ATTRIBUTES: Final = 60
VALUE_CHARACTERS: Final = 4_000
TEXT_CHARACTERS: Final = 4_000
STYLE_CHARACTERS: Final = 200_000
DEEPEST: Final = 200
_UNTEXT: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SKIPPED: Final = frozenset({"script"})


class PageTree:
    """Take a page piece by piece.

    libxml2 would hang every attribute on its element by walking past all those before it, and keep whole pictures
    that stand in attributes; so the tree is built here, of what is worth a look.
    """

    def __init__(self) -> None:
        """Begin a page."""
        self._target = _Target()
        self._is_broken = False
        self._parser = etree.HTMLParser(target=self._target, no_network=True)

    @property
    def is_cut(self) -> bool:
        """Tell whether the page has more elements than are looked at."""
        return self._target.nodes > MOST_NODES

    def feed(self, piece: bytes) -> None:
        """Take the next piece; past a fault that the parser can't pass, nothing more is read."""
        if not self._is_broken:
            try:
                self._parser.feed(piece)
            except (etree.LxmlError, AssertionError, LookupError):
                self._is_broken = True

    def close(self) -> Element | None:
        """Return the root element; None where the page holds nothing that could be read."""
        with suppress(etree.LxmlError, AssertionError):
            self._parser.close()
        return self._target.root


class _Target:
    """Make a tree of what is to be kept of what the parser tells."""

    def __init__(self) -> None:
        self.nodes = 0
        self.root: Element | None = None
        self._open: list[Element | None] = []
        self._parents: list[Element] = []
        self._room = 0

    def start(self, tag: str | bytes, attrib: dict[str | bytes, str | bytes]) -> None:
        self.nodes += 1
        is_second_root = self.root is not None and not self._parents
        if self.nodes > MOST_NODES or len(self._parents) >= DEEPEST or is_second_root:
            self._open.append(None)
            return
        few = islice(attrib.items(), MOST_ATTRIBUTES)
        told = {_safe(name): _UNTEXT.sub("", str(value[:VALUE_CHARACTERS])) for name, value in few}
        parent = self._parents[-1] if self._parents else None
        element = etree.Element(_safe(tag), told) if parent is None else etree.SubElement(parent, _safe(tag), told)
        self.root = element if self.root is None else self.root
        self._open.append(element)
        self._parents.append(element)
        self._room = STYLE_CHARACTERS if tag == "style" else TEXT_CHARACTERS

    def end(self, tag: str | bytes) -> None:  # noqa: ARG002 (lxml's own signature)
        if self._open and self._open.pop() is not None:
            self._parents.pop()
            self._room = TEXT_CHARACTERS

    def data(self, data: str | bytes) -> None:
        if not self._room or not self._open or self._open[-1] is None or self._open[-1].tag in _SKIPPED:
            return
        element, kept = self._open[-1], _UNTEXT.sub("", str(data[: self._room]))
        self._room = max(self._room - len(data), 0)
        if len(element):
            element[-1].tail = (element[-1].tail or "") + kept
        else:
            element.text = (element.text or "") + kept

    def comment(self, data: str | bytes) -> None:
        """Leave comments out."""

    def close(self) -> None:
        """End; the tree is there already."""


def _safe(name: str | bytes) -> str:
    """Return a name that XML allows too: pages hold tags and attributes of every shape."""
    plain = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "-_") else "_" for sign in str(name[:60]))
    return plain if plain[:1].isalpha() else f"x{plain}"
