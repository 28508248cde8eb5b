"""Leave out of a text what XML can't hold, escaped or not."""

from __future__ import annotations

import re

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def legal(text: str) -> str:
    """Return a text that may stand in XML; most do, and are looked at no closer."""
    return text if text.isprintable() else _NOT_XML.sub("", text)
