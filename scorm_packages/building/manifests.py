"""Write what an LMS reads first: the manifest of SCORM 1.2, of SCORM 2004 4th edition, or cmi5's course structure.

Source: SCORM 1.2 CAM §2.3; SCORM 2004 4th CAM §3.4; cmi5 (Quartz) §13.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from scorm_packages.building.editions import Editions
from scorm_packages.building.templates import ENVIRONMENT

_NOT_IN_A_NAME: Final = re.compile(r"[^A-Za-z0-9._-]")


def write_manifest(editions: Editions, template: str, paths: Sequence[str]) -> bytes:
    """Return an imsmanifest.xml that declares every file.

    Args:
        template: `imsmanifest-1.2.xml.j2` or `imsmanifest-2004.xml.j2`.
        paths: of all files of the package but the manifest, not encoded.
    """
    facts = editions.course.facts
    return _fill_in(
        template,
        id=f"course-{_NOT_IN_A_NAME.sub('-', facts.key)}",
        title=facts.title[editions.languages[0]],
        mastery_percent=editions.mastery_percent,
        hrefs=[quote(path) for path in paths],
    )


def write_cmi5(editions: Editions) -> bytes:
    """Return cmi5.xml: a course with one assignable unit."""
    facts = editions.course.facts
    return _fill_in(
        "cmi5.xml.j2",
        course_id=course_id(editions),
        unit_id=f"{course_id(editions)}:course",
        title={language: facts.title[language] for language in editions.languages},
        description={language: facts.description[language] for language in editions.languages},
        mastery_percent=editions.mastery_percent,
        move_on="CompletedAndPassed" if editions.is_decided_by_tests else "Completed",
    )


def course_id(editions: Editions) -> str:
    """Return the course's identifier, the same in each standard and language: it follows from owner and key."""
    facts = editions.course.facts
    return f"urn:uuid:{uuid5(NAMESPACE_URL, f'{facts.owner}/{facts.key}')}"


def _fill_in(template: str, **facts: object) -> bytes:
    return ENVIRONMENT.get_template(template).render(**facts).strip().encode() + b"\n"
