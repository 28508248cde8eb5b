"""Say what HTML of our own says, as bare text."""

from __future__ import annotations

import re
from html import unescape
from typing import Final

_GAP: Final = re.compile(r'<span data-blank="\d+"></span>')
_PICTURE: Final = re.compile(r'<img [^>]*?alt="([^"]*)"[^>]*>')
_ASIDE: Final = re.compile(
    r'<span class="new-window">[^<]*</span>|<details class="transcript">.*?</details>', re.DOTALL
)
_WITHIN_WORDS: Final = re.compile(r"</?(?:a|code|em|s|span|strong)\b[^>]*>")
_TAG: Final = re.compile(r"<[^>]*>")


def text_of(html: str) -> str:
    """Return the text of safe HTML on one line: a gap as `____`, a picture by its alternative text."""
    for found, shown in ((_ASIDE, ""), (_GAP, "____"), (_PICTURE, r" \1 "), (_WITHIN_WORDS, ""), (_TAG, " ")):
        html = found.sub(shown, html)
    return re.sub(r" (?=[.,;:!?](?: |$))", "", " ".join(unescape(html).split()))
