"""Say the words of a course's own pages in its languages: a package brings them along, so gettext can't."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "transcript": {"nb": "Tekstversjon", "nn": "Tekstversjon", "en": "Transcript"},
}


def word(language: str, name: str) -> str:
    """Return a word in a language (BCP 47; its region does not matter); in English where we don't have it."""
    texts = WORDS[name]
    return texts.get(language.partition("-")[0], texts["en"])
