"""Read `course.toml`: what a course is about, for whom, and in which languages."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from scorm_packages.authoring.course_source import Facts, Place, Texts
from scorm_packages.authoring.fact_problems import (
    BadValueError,
    KeyMissingError,
    LanguageNotListedError,
    TextNotTranslatedError,
    TextTooLongError,
    UnknownKeyError,
)
from scorm_packages.authoring.problems import Problems
from scorm_packages.authoring.toml_text import TomlText, is_text

KEY_CHARACTERS: Final = 80
TITLE_CHARACTERS: Final = 200
TEXT_CHARACTERS: Final = 4_000
WORD_CHARACTERS: Final = 200
MOST_WORDS: Final = 50

EXAMPLES: Final[Mapping[str, str]] = {
    "key": 'key = "brannvern"',
    "languages": 'languages = ["nb", "nn"]',
    "title": 'title = "Brannvern"',
    "description": 'description = "…"',
    "subject": 'subject = ["brann", "hms"]',
    "audience": 'audience = "Alle ansatte"',
    "licence": 'licence = "CC-BY-4.0"',
    "owner": 'owner = "Kongsbergregionen"',
    "duration_minutes": "duration_minutes = 15",
    "review_by": "review_by = 2027-11-01",
    "pass_mark": "pass_mark = 80",
    "statutory_basis": 'statutory_basis = ["arbeidsmiljøloven § 3-2"]',
    "keywords": 'keywords = ["brann"]',
    "cover": 'cover = "media/dor.svg"',
}
"""Every key with a line that is right."""

_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")
_KEY: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,78}[a-z0-9])?")
_LICENCE: Final = re.compile(r"[A-Za-z0-9.+()-]+( (AND|OR|WITH) [A-Za-z0-9.+()-]+)*")
_LETTERS: Final = str.maketrans({"æ": "ae", "ø": "o", "å": "a", "ß": "ss", "đ": "d", "ŋ": "n", "ŧ": "t"})


def read_facts(toml: TomlText, folder_name: str, problems: Problems) -> Facts:
    """Return the facts of a course; what is wrong in them is told, and left empty.

    Args:
        folder_name: the key is made of it where the file gives none.
    """
    reader = _Reader(toml, problems)
    for name in toml.unknown(EXAMPLES):
        problems.add(UnknownKeyError, toml.place(name), key=name, known=", ".join(EXAMPLES))
    if "title" not in toml.values and not toml.is_broken:
        problems.add(KeyMissingError, Place(toml.file), key="title", example=EXAMPLES["title"])
    return Facts(
        key=reader.pattern("key", _KEY) or make_key(folder_name),
        languages=reader.languages,
        title=reader.texts("title", TITLE_CHARACTERS),
        description=reader.texts("description", TEXT_CHARACTERS),
        audience=reader.texts("audience", TEXT_CHARACTERS),
        subject=reader.words("subject", toml.values.get("subject", [])),
        keywords=reader.words_by_language("keywords"),
        licence=reader.pattern("licence", _LICENCE),
        owner=reader.text("owner", TITLE_CHARACTERS),
        duration_minutes=reader.number("duration_minutes", 1, 10_000),
        review_by=reader.day("review_by"),
        pass_percent=reader.number("pass_mark", 0, 100),
        statutory_basis=reader.words_by_language("statutory_basis"),
        cover=reader.text("cover", TITLE_CHARACTERS),
    )


def make_key(name: str) -> str:
    """Return a course key made from a name, `course` where nothing of it can be used."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFC", name).lower().translate(_LETTERS))
    words = re.findall(r"[a-z0-9]+", "".join(c for c in plain if not unicodedata.combining(c)))
    return "-".join(words)[:KEY_CHARACTERS].strip("-") or "course"


class _Reader:
    """Read one value after the other, each of a shape."""

    def __init__(self, toml: TomlText, problems: Problems) -> None:
        self._toml, self._values, self._problems = toml, toml.values, problems
        self.languages = self._languages()

    def _languages(self) -> tuple[str, ...]:
        given = self._values.get("languages")
        if given is None:
            title = self._values.get("title")
            given = list(title) if isinstance(title, Mapping) and title else ["nb"]
        if isinstance(given, list) and given and all(map(is_language, given)) and len(set(given)) == len(given):
            return tuple(given[:MOST_WORDS])
        self._bad("languages")
        return ("nb",)

    def text(self, key: str, limit: int) -> str:
        """Return a text; empty where there is none."""
        value = self._values.get(key)
        if value is None:
            return ""
        return value.strip() if self._is_text(key, value, limit, self._toml.place(key)) else ""

    def pattern(self, key: str, wanted: re.Pattern[str]) -> str:
        """Return a text of a form; empty where there is none."""
        value = self.text(key, TITLE_CHARACTERS)
        if value and not wanted.fullmatch(value):
            self._bad(key)
            return ""
        return value

    def number(self, key: str, least: int, most: int) -> int:
        """Return a whole number; 0 where there is none."""
        value = self._values.get(key, 0)
        if key in self._values and (
            not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most
        ):
            self._bad(key)
            return 0
        return int(value)

    def day(self, key: str) -> date | None:
        """Return a day; None where there is none."""
        value = self._values.get(key)
        if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
            return value
        self._bad(key)
        return None

    def texts(self, key: str, limit: int) -> Texts:
        """Return a text by language; empty texts where there is none."""
        found: dict[str, str] = dict.fromkeys(self.languages, "")
        for language, value, place in self._by_language(key):
            if self._is_text(key, value, limit, place):
                found[language] = value.strip()
        return found

    def words(self, key: str, value: object, place: Place | None = None) -> tuple[str, ...]:
        """Return a list of short texts."""
        if isinstance(value, list) and len(value) <= MOST_WORDS and all(is_text(w, WORD_CHARACTERS) for w in value):
            return tuple(word.strip() for word in value)
        self._problems.add(BadValueError, place or self._toml.place(key), key=key, example=EXAMPLES[key])
        return ()

    def words_by_language(self, key: str) -> Mapping[str, tuple[str, ...]]:
        """Return lists of short texts by language; empty lists where there is none."""
        found: dict[str, tuple[str, ...]] = dict.fromkeys(self.languages, ())
        for language, value, place in self._by_language(key):
            found[language] = self.words(key, value, place)
        return found

    def _by_language(self, key: str) -> list[tuple[str, Any, Place]]:
        value = self._values.get(key)
        if value is None:
            return []
        place = self._toml.place(key)
        if not isinstance(value, Mapping):
            self._untranslated(key, self.languages[1:], place)
            return [(self.languages[0], value, place)]
        for language in value:
            if language not in self.languages:
                where = self._toml.place(key, language)
                self._problems.add(LanguageNotListedError, where, key=key, language=language)
        self._untranslated(key, tuple(each for each in self.languages if each not in value), place)
        return [(each, value[each], self._toml.place(key, each)) for each in self.languages if each in value]

    def _untranslated(self, key: str, languages: tuple[str, ...], place: Place) -> None:
        for language in languages:
            self._problems.add(TextNotTranslatedError, place, key=key, language=language)

    def _is_text(self, key: str, value: object, limit: int, place: Place) -> bool:
        if is_text(value, limit):
            return True
        if isinstance(value, str) and len(value) > limit:
            self._problems.add(TextTooLongError, place, key=key, limit=limit)
        else:
            self._problems.add(BadValueError, place, key=key, example=EXAMPLES[key])
        return False

    def _bad(self, key: str) -> None:
        self._problems.add(BadValueError, self._toml.place(key), key=key, example=EXAMPLES[key])


def is_language(value: object) -> bool:
    """Tell whether a value is the code of a language, as `nb` or `nb-NO`."""
    return isinstance(value, str) and _LANGUAGE.fullmatch(value) is not None
