"""Describe a course for catalogues: LOM for LMSs, and schema.org's LearningResource as NS 4180 wants it.

Source: IEEE 1484.12.1 and 1484.12.3 (LOM and its XML); IMS Meta-data 1.2.1 (what SCORM 1.2 wants); NS 4180:2020.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import zip_longest
from typing import Any, Final
from urllib.parse import quote

from scorm_packages.authoring.course_source import Texts
from scorm_packages.authoring.words import word
from scorm_packages.building.editions import Editions
from scorm_packages.building.manifests import course_id
from scorm_packages.building.media_types import media_type
from scorm_packages.building.templates import ENVIRONMENT
from scorm_packages.learning_resource import KEY_PROPERTY

ISO_639_3: Final[Mapping[str, str]] = {
    "nb": "nob",
    "nn": "nno",
    "no": "nor",
    "en": "eng",
    "se": "sme",
    "da": "dan",
    "sv": "swe",
}
"""NS 4180 names languages so; any other stays as it is."""


def write_lom(editions: Editions, template: str) -> bytes:
    """Return the LOM of a course as XML; `template`: `lom.xml.j2` or `lom-1.2.xml.j2`."""
    facts = editions.course.facts
    formats = {"text/html", *(media_type(file.path) for file in editions.media)}
    told = ENVIRONMENT.get_template(template).render(
        course_id=course_id(editions),
        title=_in(editions, facts.title),
        description=_in(editions, facts.description),
        audience=_in(editions, facts.audience),
        languages=editions.languages,
        keywords=_keywords(editions),
        formats=sorted(formats),
        has_tests=bool(editions.tests),
        minutes=facts.duration_minutes,
        rights=", ".join(filter(None, (facts.licence, facts.owner))),
    )
    return told.strip().encode() + b"\n"


def write_learning_resource(editions: Editions) -> bytes:
    """Return the JSON-LD of a course."""
    facts = editions.course.facts
    said: dict[str, Any] = {
        "@context": ["https://schema.org", {"@language": editions.languages[0]}],
        "@id": course_id(editions),
        "@type": "LearningResource",
        "identifier": [course_id(editions), _key(editions)],
        "name": _values(editions, facts.title),
        "description": _values(editions, facts.description),
        "inLanguage": [ISO_639_3.get(language, language) for language in editions.languages],
        "learningResourceType": "course",
        "keywords": [text for each in _keywords(editions) for text in each.values()],
        "about": [{"@type": "Thing", "name": subject} for subject in facts.subject],
        "audience": {"@type": "EducationalAudience", "audienceType": _values(editions, facts.audience)},
        "license": _licence(facts.licence),
        "publisher": {"@type": "Organization", "name": facts.owner} if facts.owner else None,
        "timeRequired": f"PT{facts.duration_minutes}M" if facts.duration_minutes else None,
        "image": quote(facts.cover),
        "expires": facts.review_by.isoformat() if facts.review_by else None,
        "isBasedOn": [
            {"@type": "Legislation", "name": {"@value": name, "@language": language}}
            for language in editions.languages
            for name in facts.statutory_basis.get(language, ())
        ],
        "isAccessibleForFree": True,
        **_accessibility(editions),
    }
    return json.dumps({k: v for k, v in said.items() if v}, ensure_ascii=False, indent=2).encode() + b"\n"


def _accessibility(editions: Editions) -> dict[str, Any]:
    """Return what is true of every course built here, and what its media add."""
    kinds = {media_type(file.path).partition("/")[0] for file in editions.media}
    modes = ["textual", *(["visual"] if kinds & {"image", "video"} else []), *_heard(kinds)]
    features = ["structuralNavigation", "tableOfContents", "readingOrder", "displayTransformability"]
    features += ["unlocked", *(["alternativeText"] if "image" in kinds else [])]
    features += [*(["captions"] if "video" in kinds else []), *(["transcript"] if _heard(kinds) else [])]
    return {
        "accessMode": modes,
        "accessModeSufficient": [{"@type": "ItemList", "itemListElement": ["textual"]}],
        "accessibilityControl": ["fullKeyboardControl", "fullMouseControl", "fullTouchControl"],
        "accessibilityFeature": sorted(features),
        "accessibilityHazard": ["unknown"] if "video" in kinds else ["none"],
        "accessibilitySummary": [
            {"@value": word(language, "accessibility-summary"), "@language": language}
            for language in editions.languages
        ],
    }


def _heard(kinds: set[str]) -> list[str]:
    return ["auditory"] if kinds & {"audio", "video"} else []


def _key(editions: Editions) -> dict[str, str]:
    """Return the course's key; a package in some of its languages is a course of its own."""
    key, languages = editions.course.facts.key, editions.languages
    own = key if languages == editions.course.facts.languages else "-".join([key, *languages]).lower()
    return {"@type": "PropertyValue", "propertyID": KEY_PROPERTY, "value": own}


def _licence(spdx: str) -> str:
    return f"https://spdx.org/licenses/{spdx}.html" if spdx else ""


def _in(editions: Editions, texts: Texts) -> Texts:
    return {language: texts[language] for language in editions.languages if texts.get(language)}


def _values(editions: Editions, texts: Texts) -> list[dict[str, str]]:
    return [{"@value": text, "@language": language} for language, text in _in(editions, texts).items()]


def _keywords(editions: Editions) -> list[dict[str, str]]:
    """Return the subjects and keywords, each with its text by language."""
    facts, languages = editions.course.facts, editions.languages
    rows = zip_longest(*(facts.keywords.get(language, ()) for language in languages))
    by_language = [{code: text for code, text in zip(languages, row, strict=True) if text} for row in rows]
    return [*({languages[0]: subject} for subject in facts.subject), *by_language]
