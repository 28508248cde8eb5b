"""Tell which language a text reads like, and what links say that say nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Final

CODE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,6}")
FEWEST_WORDS: Final = 12
CLEARLY: Final = 4
"""How many times as many words of another language make a text read like that one."""


def _words(line: str) -> frozenset[str]:
    return frozenset(line.split())


SMALL_WORDS: Final[Mapping[str, frozenset[str]]] = {
    "en": _words("the and of is are was you your with this that from which have not what when"),
    "nb": _words("og ikke jeg er som av på det hva hvordan noen eller også dere hvor være til å blir"),
    "nn": _words("og ikkje eg er som av på det kva korleis nokon eller òg de kvar vere til å blir"),
}
_WORD: Final = re.compile(r"[^\W\d_]+")

VAGUE: Final = frozenset(
    {
        *("her", "klikk her", "trykk her", "les mer", "mer", "se mer", "lenke", "link", "denne lenken", "se her"),
        *("les meir", "meir", "sjå meir", "sjå her", "lenkje", "lenka", "denne lenka", "trykk her no", "les meir her"),
        *("here", "click here", "click", "press here", "read more", "more", "learn more", "this link", "see more"),
        *("les mer her", "trykk", "klikk", "details", "detaljer", "detaljar", "info", "go", "gå"),
    }
)


_ASIDE: Final = re.compile(r"\([^()]*\)\s*\Z")
"""What stands in brackets at the end, such as that a link opens in a new window."""


def reads_like(text: str) -> str:
    """Return en, or no for either Norwegian; empty where it is not clear."""
    words = Counter(word.lower() for word in _WORD.findall(text))
    english = sum(words[word] for word in SMALL_WORDS["en"])
    norwegian = sum(words[word] for word in SMALL_WORDS["nb"] | SMALL_WORDS["nn"])
    if english >= FEWEST_WORDS and english > CLEARLY * norwegian:
        return "en"
    if norwegian >= FEWEST_WORDS and norwegian > CLEARLY * english:
        return _which_norwegian(words)
    return ""


def is_same(stated: str, found: str) -> bool:
    """Tell whether a stated language can be the one that was found; only English and Norwegian are told apart."""
    family = stated.partition("-")[0].lower()
    norwegian = {"no", "nb", "nn"}
    if family not in norwegian | {"en"}:
        return True
    return (family in norwegian) == (found in norwegian)


def is_vague(text: str) -> bool:
    """Tell whether a link text says nothing about where it leads."""
    return _ASIDE.sub("", text.lower()[:200]).strip(" .:…>»→!") in VAGUE


def _which_norwegian(words: Counter[str]) -> str:
    bokmal = sum(words[word] for word in SMALL_WORDS["nb"] - SMALL_WORDS["nn"])
    nynorsk = sum(words[word] for word in SMALL_WORDS["nn"] - SMALL_WORDS["nb"])
    return "nn" if nynorsk > bokmal else "nb"
