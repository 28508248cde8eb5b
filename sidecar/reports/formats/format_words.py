"""Say in nb, nn and en what formats add to a report: these words are part of the file, not of any page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

UNTOLD: Final = "–"
"""What stands for a number that is not told."""

_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "rows": {"nb": "Rader", "nn": "Rader", "en": "Rows"},
    "summary": {"nb": "Sammendrag", "nn": "Samandrag", "en": "Summary"},
    "count": {"nb": "Antall", "nn": "Tal", "en": "Count"},
    "municipality": {"nb": "Kommune", "nn": "Kommune", "en": "Municipality"},
    "org-number": {"nb": "Organisasjonsnummer", "nn": "Organisasjonsnummer", "en": "Organisation number"},
    "period": {"nb": "Periode", "nn": "Periode", "en": "Period"},
    "to": {"nb": "til", "nn": "til", "en": "to"},
    "corrects": {"nb": "Retter rapporten fra", "nn": "Rettar rapporten frå", "en": "Corrects the report of"},
    "no-unit": {"nb": "Uten enhet", "nn": "Utan eining", "en": "Without a unit"},
    "shared-name": {
        "nb": "Flere enheter har dette navnet. Radene sier ikke hvilken av dem de gjelder.",
        "nn": "Fleire einingar har dette namnet. Radene seier ikkje kva for ei av dei dei gjeld.",
        "en": "Several units have this name. The rows do not say which of them they are about.",
    },
    "and-below": {
        "nb": "Tallene for en enhet gjelder den og alle enheter under den.",
        "nn": "Tala for ei eining gjeld henne og alle einingar under henne.",
        "en": "The numbers of a unit are about it and all units below it.",
    },
    "everything": {"nb": "Alle", "nn": "Alle", "en": "All"},
    "numbers": {"nb": "Tallene i diagrammet", "nn": "Tala i diagrammet", "en": "The numbers in the chart"},
    "chart-of": {
        "nb": "Søylediagram: {title}. Tallene står i tabellen under.",
        "nn": "Søylediagram: {title}. Tala står i tabellen under.",
        "en": "Bar chart: {title}. The numbers are in the table below.",
    },
    "chart-beside": {
        "nb": "Søylediagram: {title}. Tallene står i tabellen på samme ark.",
        "nn": "Søylediagram: {title}. Tala står i tabellen på same ark.",
        "en": "Bar chart: {title}. The numbers are in the table on the same sheet.",
    },
    "rows-elsewhere": {
        "nb": "Rapporten har {count} rader, flere enn vi viser her. Alle står i rapporten som regneark eller CSV.",
        "nn": "Rapporten har {count} rader, fleire enn vi viser her. Alle står i rapporten som rekneark eller CSV.",
        "en": "The report has {count} rows, more than are shown here. All are in it as a spreadsheet or CSV.",
    },
    "chart-cut": {
        "nb": "Diagrammet viser de {count} første av {all}. Tabellen har alle.",
        "nn": "Diagrammet viser dei {count} første av {all}. Tabellen har alle.",
        "en": "The chart shows the first {count} of {all}. The table has them all.",
    },
    "rows-of": {"nb": "{count} rader", "nn": "{count} rader", "en": "{count} rows"},
    "row-of": {"nb": "1 rad", "nn": "1 rad", "en": "1 row"},
    "no-rows": {
        "nb": "Rapporten har ingen rader.",
        "nn": "Rapporten har ingen rader.",
        "en": "The report has no rows.",
    },
    "no-sign": {
        "nb": "Tegn som skriften i denne PDF-en mangler, står som spørsmålstegn.",
        "nn": "Teikn som skrifta i denne PDF-en manglar, står som spørjeteikn.",
        "en": "Characters that the font of this PDF lacks stand as question marks.",
    },
    "page": {"nb": "Side", "nn": "Side", "en": "Page"},
    "notes": {"nb": "Merk", "nn": "Merk", "en": "Please note"},
}


def word(key: str, language: str, **facts: str | int) -> str:
    """Return a word or a sentence, with its facts."""
    return _WORDS[key][language].format(**facts)
