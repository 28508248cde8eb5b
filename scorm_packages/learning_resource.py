"""Read what a package that was built here says of its course: schema.org's LearningResource, in `metadata.jsonld`.

Any package may hold such a file, so nothing in it is believed before it has been looked at: what is not of the kind
that `building.metadata` writes counts as not said.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from scorm_packages.errors import PackageError
from scorm_packages.finding import Finding, note
from scorm_packages.manifest_metadata import METADATA_BYTES
from scorm_packages.unpacked import Opened

PATH: Final = "metadata.jsonld"
KEY_PROPERTY: Final = "course-key"
"""By this name of a property the course's key is known among its identifiers."""

MOST_VALUES: Final = 50
VALUE_CHARACTERS: Final = 500
_KEY: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,78}[a-z0-9])?", re.ASCII)
_LICENCE: Final = re.compile(
    r"https://spdx\.org/licenses/([A-Za-z0-9.+()-]{1,60}(?: (?:AND|OR|WITH) [A-Za-z0-9.+()-]{1,60}){0,5})\.html"
)
_MINUTES: Final = re.compile(r"PT([1-9][0-9]{0,4})M", re.ASCII)


@dataclass(frozen=True)
class CourseFacts:
    """What a package says of its course; empty and None where it does not. `laws`: a law or regulation each."""

    key: str = ""
    subjects: tuple[str, ...] = ()
    audience: str = ""
    licence: str = ""
    owner: str = ""
    duration_minutes: int | None = None
    review_by: date | None = None
    laws: tuple[str, ...] = ()


def read_course_facts(archive: Opened) -> tuple[CourseFacts, list[Finding]]:
    """Return what a package says of its course, and what is odd about it; a course plays as well without."""
    if all(entry.path != PATH for entry in archive.entries):
        return CourseFacts(), []
    try:
        said = json.loads(archive.read(PATH, METADATA_BYTES))
    except (PackageError, ValueError, RecursionError):
        return CourseFacts(), [note("metadata-unreadable", PATH)]
    if not isinstance(said, dict) or said.get("@type") != "LearningResource":
        return CourseFacts(), []
    return _facts(said), []


def _facts(said: dict[str, Any]) -> CourseFacts:
    language = _language(said.get("@context"))
    return CourseFacts(
        key=_key(said.get("identifier")),
        subjects=tuple(_texts(_named(said.get("about")), language)),
        audience=next(_texts(_property(said.get("audience"), "audienceType"), language), ""),
        licence=_matched(_LICENCE, said.get("license")),
        owner=next(_texts(_property(said.get("publisher"), "name"), language), ""),
        duration_minutes=int(_matched(_MINUTES, said.get("timeRequired")) or 0) or None,
        review_by=_day(said.get("expires")),
        laws=tuple(_texts(_named(said.get("isBasedOn")), language)),
    )


def _language(context: object) -> str:
    """Return the language that a course is in first."""
    said = (_property(each, "@language") for each in _several(context))
    return next((each for each in said if isinstance(each, str)), "")


def _key(identifiers: object) -> str:
    """Return the course's key, which stands beside the identifier that catalogues take."""
    ours = (each for each in _several(identifiers) if _property(each, "propertyID") == KEY_PROPERTY)
    value = next((_property(each, "value") for each in ours), "")
    return value if isinstance(value, str) and _KEY.fullmatch(value) else ""


def _named(things: object) -> list[object]:
    return [_property(each, "name") for each in _several(things)]


def _texts(values: object, language: str) -> Iterator[str]:
    """Yield texts as they may be shown; of those that name a language only the ones in the course's first."""
    for each in _several(values):
        if isinstance(each, dict) and each.get("@language") != language:
            continue
        text = _property(each, "@value") if isinstance(each, dict) else each
        if isinstance(text, str) and (shown := _shown(text)):
            yield shown


def _shown(text: str) -> str:
    """Return a text on one line, without what can't be seen."""
    seen = "".join(letter if letter.isprintable() else " " for letter in text[: 2 * VALUE_CHARACTERS])
    return " ".join(seen.split())[:VALUE_CHARACTERS].strip()


def _matched(pattern: re.Pattern[str], value: object) -> str:
    found = pattern.fullmatch(value) if isinstance(value, str) else None
    return found[1] if found else ""


def _day(value: object) -> date | None:
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return day if day and 2000 <= day.year <= 2199 else None


def _property(thing: object, name: str) -> object:
    return thing.get(name) if isinstance(thing, dict) else None


def _several(value: object) -> list[object]:
    """Return a value that JSON-LD lets stand alone or in a list."""
    return value[:MOST_VALUES] if isinstance(value, list) else [value]
