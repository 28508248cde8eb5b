"""Say what stands at the head of a report: whose it is, of which days, and what else is known of it."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from babel.dates import format_date

from sidecar.reports.document import Document
from sidecar.reports.formats.format_words import word

_LOCALES = {"nb": "nb_NO", "nn": "nn_NO", "en": "en_GB"}
_SHORT = {"nb": "dd.MM.yyyy", "nn": "dd.MM.yyyy", "en": "d MMM yyyy"}


@lru_cache(maxsize=4096)
def day(value: date, language: str) -> str:
    """Return a day as people write it."""
    return format_date(value, "long", _LOCALES[language])


@lru_cache(maxsize=4096)
def short_day(value: date, language: str) -> str:
    """Return a day as it stands in tables."""
    return format_date(value, _SHORT[language], _LOCALES[language])


def head_of(document: Document) -> tuple[tuple[str, str], ...]:
    """Return label and text of each line at the head."""
    language = document.language
    days = f"{day(document.first_day, language)} {word('to', language)} {day(document.last_day, language)}"
    corrects = document.corrects
    return (
        (word("municipality", language), document.municipality),
        (word("org-number", language), document.org_number),
        (word("period", language), days),
        *(((word("corrects", language), day(corrects, language)),) if corrects else ()),
        *document.facts,
    )


def title_of(document: Document) -> str:
    """Return a line that says what the report is."""
    return f"{document.title} – {document.municipality} {document.period}"
