"""Say what languages call themselves, as a reader looks for their own in a list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from babel import Locale, UnknownLocaleError

SHORT: Final[Mapping[str, str]] = {"nb": "Bokmål", "nn": "Nynorsk"}
"""What Norwegians say, where the library says “norsk bokmål”."""


def language_name(language: str) -> str:
    """Return what a language calls itself, with a capital letter; its code where nobody has told."""
    if language in SHORT:
        return SHORT[language]
    try:
        name = Locale.parse(language, sep="-").display_name or language
    except (UnknownLocaleError, ValueError):
        return language
    return name[:1].upper() + name[1:]
