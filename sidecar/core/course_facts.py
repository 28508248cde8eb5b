"""Keep what a course says of itself: subject, audience, licence, owner, duration, review date and statutory basis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from sidecar.core import audit
from sidecar.core.access import Viewer
from sidecar.core.courses import (
    AUDIENCE_CHARACTERS,
    LICENCE_CHARACTERS,
    OWNER_CHARACTERS,
    SUBJECT_CHARACTERS,
    Course,
)
from sidecar.core.short_texts import one_line, tidy
from sidecar.core.staff_courses import find_course_of, looks_after, may_change_rule
from sidecar.errors import SidecarError

LONGEST_MINUTES: Final = 6000
LAWS: Final = "laws"
"""The kind of statutory basis that the form of the course page holds; other kinds are left as they are."""

MOST_LAWS: Final = 30
LAW_CHARACTERS: Final = 300
_MOST: Final = {
    "subject": SUBJECT_CHARACTERS,
    "audience": AUDIENCE_CHARACTERS,
    "licence": LICENCE_CHARACTERS,
    "owner": OWNER_CHARACTERS,
}


class TooManyLawsError(SidecarError):
    """There are {count} lines of statutory basis, {most} is the most. Name those that matter most."""

    code = "too-many-laws"


class DurationError(SidecarError):
    """The duration can't be used. Write whole minutes, from 1 to {most}, or leave it empty."""

    code = "course-duration"


@dataclass(frozen=True)
class Facts:
    """What is known of a course; "" and None where it is not. `laws`: a law or regulation each, with its section."""

    subject: str = ""
    audience: str = ""
    licence: str = ""
    owner: str = ""
    duration_minutes: int | None = None
    review_by: date | None = None
    laws: tuple[str, ...] = ()


def facts_of(course: Course) -> Facts:
    """Return what is known of a course."""
    return Facts(
        **{name: getattr(course, name) or "" for name in _MOST},
        duration_minutes=course.duration_minutes or None,
        review_by=course.review_by,
        laws=tuple(course.statutory_basis.get(LAWS, ())),
    )


def change_facts(db: Session, viewer: Viewer, key: str, facts: Facts, now: datetime) -> Course:
    """Say what is known of a course; white space is tidied. `may_change_rule` bounds what the laws decide: see `_keep`.

    Raises:
        NotFoundError: there is no such course, or it is not theirs.
        TextTooLongError, TooManyLawsError: there is more than there may be.
        DurationError: it is not 1 to `LONGEST_MINUTES`.
    """
    course = find_course_of(db, viewer, key)
    wanted = _tidy(facts)
    if wanted != facts_of(course):
        _keep(course, wanted, is_rule=may_change_rule(db, viewer, course))
        by = viewer.identity_id
        audit.record(db, "course.facts_changed", course.id, at=now, identity_id=by, course=course.key)
        db.flush()
    return course


def fill_in(course: Course, said: Facts, *, is_rule: bool) -> bool:
    """Take over what a package says of its course where nobody has said anything yet; tell whether anything was.

    What staff have emptied stays empty, but for the review date, which the next publishing asks for anyway. What is
    too long for its place is cut, and a duration that can't be is left out.

    Args:
        is_rule: who brings it may say whether the course counts at a later employer.
    """
    before = facts_of(course)
    unsaid = {name: most for name, most in _MOST.items() if getattr(course, name) is None}
    texts = {name: getattr(before, name) for name in _MOST}
    texts |= {name: _cut(getattr(said, name), most) for name, most in unsaid.items()}
    minutes = said.duration_minutes if 1 <= (said.duration_minutes or 0) <= LONGEST_MINUTES else None
    laws = tuple(filter(None, (_cut(law, LAW_CHARACTERS) for law in said.laws[:MOST_LAWS])))
    after = Facts(
        **texts,
        duration_minutes=minutes if course.duration_minutes is None else before.duration_minutes,
        review_by=before.review_by or said.review_by,
        laws=before.laws if LAWS in course.statutory_basis else laws,
    )
    _keep(course, after, is_rule=is_rule)
    return after != before


def list_subjects(db: Session, viewer: Viewer) -> Sequence[str]:
    """Return the subjects of the courses that the viewer looks after, each once."""
    said = db.scalars(select(Course.subject).where(looks_after(viewer), Course.subject.is_not(None)).distinct())
    return sorted({subject for text in said for subject in split_subjects(text)}, key=str.casefold)


def split_subjects(text: str | None) -> tuple[str, ...]:
    """Return the subjects that a course names."""
    return tuple(filter(None, (each.strip() for each in (text or "").split(","))))


def _keep(course: Course, facts: Facts, *, is_rule: bool) -> None:
    """Write facts into their columns: NULL is what nobody ever said, "", 0 and no laws what somebody took away.

    Where laws are named for the first time by somebody who may not say (`is_rule`) that the course counts at a later
    employer, it goes on not to count there, until somebody says it who may.
    """
    for name in _MOST:
        setattr(course, name, getattr(facts, name) or (None if getattr(course, name) is None else ""))
    course.duration_minutes = facts.duration_minutes or (None if course.duration_minutes is None else 0)
    course.review_by = facts.review_by
    course.statutory_basis = _with_laws(course.statutory_basis, facts.laws)
    was_statutory, course.is_statutory = course.is_statutory, any(course.statutory_basis.values())
    if course.is_statutory and not was_statutory and not is_rule and course.is_transferable is None:
        course.is_transferable = False


def _cut(text: str, most: int) -> str:
    return one_line(text)[:most].strip(" ,")


def _tidy(facts: Facts) -> Facts:
    texts = {name: tidy(getattr(facts, name), most) for name, most in _MOST.items()}
    texts["subject"] = ", ".join(dict.fromkeys(split_subjects(texts["subject"])))
    if facts.duration_minutes is not None and not 1 <= facts.duration_minutes <= LONGEST_MINUTES:
        raise DurationError(most=LONGEST_MINUTES)
    laws = tuple(filter(None, (tidy(law, LAW_CHARACTERS) for law in facts.laws)))
    if len(laws) > MOST_LAWS:
        raise TooManyLawsError(count=len(laws), most=MOST_LAWS)
    return Facts(**texts, duration_minutes=facts.duration_minutes, review_by=facts.review_by, laws=laws)


def _with_laws(basis: Mapping[str, Any], laws: Sequence[str]) -> dict[str, Any]:
    others = {kind: value for kind, value in basis.items() if kind != LAWS}
    return {**others, LAWS: list(laws)} if laws or LAWS in basis else others
