"""Know what the columns of an HR export mean: by their headings, and by what somebody mapped."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Final

REQUIRED: Final = ("employee_number", "first_name", "last_name")

ALIASES: Final = {
    "employee_number": "employeenumber ansattnummer ansattnr ansatt tilsettnummer tilsettnr",
    "first_name": "firstname fornavn fornamn",
    "last_name": "lastname etternavn etternamn",
    "email": "email epost epostadresse",
    "unit": "unit enhet eining avdeling",
    "position": "position stilling stillingstittel",
    "unit_key": "unitid unitkey unitcode enhetsid enhetskode enhetsnr enhetsnummer einingskode avdelingsnr",
    "parent_unit": "parentunit parent overordnetenhet overordnaeining",
    "position_code": "positioncode stillingskode",
    "percentage": "percentage stillingsprosent prosent",
    "started_on": "startedon startdate startdato ansattdato tilsettdato fradato ansattfra tilsettfrå",
    "ended_on": "endedon enddate sluttdato tildato ansatttil tilsetttil",
    "manager_number": "managernumber leder leiar lederansattnummer lederansattnr leiartilsettnr",
    "is_manager": "ismanager erleder erleiar",
    "is_main": "ismain hovedstilling",
    "org_number": "orgnumber orgnr organisasjonsnummer organisationnumber",
}
"""Headings by meaning, in lower case without spaces and signs; Bokmål, Nynorsk and English."""

IGNORE: Final = ""
NATIONAL_ID: Final = "national_id"
"""Read only where somebody mapped a column to it: it is hashed, to know a person again, and never kept."""

MEANINGS: Final = (*ALIASES, NATIONAL_ID)
_BY_ALIAS: Final = {alias: column for column, aliases in ALIASES.items() for alias in aliases.split()}

ISO: Final = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ].*)?", re.ASCII)
NORWEGIAN: Final = re.compile(r"(\d{1,2})[./](\d{1,2})[./](\d{4})", re.ASCII)
FOR_EVER: Final = 9000
"""From this year on a last day says that there is none."""

YES: Final = frozenset(("1", "ja", "yes", "true", "sann", "x", "j", "y"))
MOST_PERCENT: Final = 200.0


def meaning_of(heading: str) -> str | None:
    """Return what a heading means by itself, None for nothing we know."""
    return _BY_ALIAS.get("".join(filter(str.isalnum, heading.casefold())))


def columns_of(headings: Sequence[str], mapping: Mapping[str, Any]) -> list[str]:
    """Return what each column means; "" for one that is left out.

    Args:
        mapping: {"columns": {heading: meaning}}; what it does not name means what its heading says.
    """
    mapped: Mapping[str, str] = mapping.get("columns") or {}
    found: list[str] = []
    for heading in headings:
        meaning = mapped.get(tidy(heading), meaning_of(heading)) or IGNORE
        found.append(IGNORE if meaning in found else meaning)
    return found


def missing_of(headings: Sequence[str], mapping: Mapping[str, Any]) -> list[str]:
    """Return the headings that a mapping reads and that are not there."""
    here = {tidy(heading) for heading in headings}
    mapped: Mapping[str, str] = mapping.get("columns") or {}
    return [heading for heading, meaning in mapped.items() if meaning and heading not in here]


def tidy(heading: str) -> str:
    """Return a heading as mappings know it."""
    return unicodedata.normalize("NFC", " ".join(heading.split()))[:100]


@lru_cache(maxsize=4096)
def read_day(text: str) -> date | None:
    """Return a day, None for no day at all or one that never comes.

    Raises:
        ValueError: it is something else.
    """
    if not text:
        return None
    if iso := ISO.fullmatch(text):
        year, month, day = map(int, iso.groups())
    elif norwegian := NORWEGIAN.fullmatch(text):
        day, month, year = map(int, norwegian.groups())
    else:
        raise ValueError("no day")
    return None if year >= FOR_EVER or year == 0 else date(year, month, day)


@lru_cache(maxsize=4096)
def read_percentage(text: str) -> float | None:
    """Return a percentage; up to 1 it is a share of the whole, as workbooks have it.

    Raises:
        ValueError: it is none.
    """
    bare = text.replace("%", "").replace(" ", "").replace("\u00a0", "").replace(",", ".")
    if not bare:
        return None
    number = float(bare)
    percent = number * 100 if 0 < number <= 1 and "%" not in text else number
    if not 0 <= percent <= MOST_PERCENT:
        raise ValueError("no percentage")
    return round(percent, 2)


@lru_cache(maxsize=64)
def read_flag(text: str) -> bool:
    """Tell whether a cell says yes."""
    return text.casefold() in YES
