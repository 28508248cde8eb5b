"""Know the courses that LMSs tell completions of: each stands for itself till somebody maps it to one of ours.

A course that is first seen gets a `Course` of kind "lms": it has a title and can be valid for a time, and nothing to
play or pick. Mapped, it means a course of ours; taken back, it stands for itself again. What was completed moves along,
in small transactions (`move`), and both courses' completions are reckoned anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Select, case, func, or_, select, true, update
from sqlalchemy.orm import Session, aliased, join, outerjoin

from sidecar.core import audit, outbox, settling
from sidecar.core.access import Viewer
from sidecar.core.connections import Connection, may_see_connection
from sidecar.core.courses import KEY_CHARACTERS, LMS_ONLY, OWN, Course, suggest_key
from sidecar.core.db import new_id
from sidecar.core.evidence import Evidence
from sidecar.core.paging import count_pages
from sidecar.core.people_sources import LmsCourse, Source
from sidecar.core.platforms import Platform
from sidecar.core.short_texts import one_line
from sidecar.core.staff_courses import find_course_of
from sidecar.errors import NotFoundError, SidecarError

KIND: Final = "lms-course"
"""The kind of an outbox item that moves what was completed; its subject is the id of an `LmsCourse`."""

TITLE_CHARACTERS: Final = 500
PAGE_SIZE: Final = 100
PIECES_A_TIME: Final = 2_000
MOST_COURSES: Final = 20_000
"""Of one source: an LMS with more is hardly told of, and a column with people's names in the wrong place is."""


class TooManyLmsCoursesError(SidecarError):
    """The LMS tells of more than {most} courses. Check the columns of its report: the second is the course's key."""

    code = "too-many-lms-courses"


class NotOursError(SidecarError):
    """That is a course of an LMS too. Choose one of your own."""

    code = "lms-course-not-ours"


@dataclass(frozen=True)
class LmsCourseLine:
    """A course of an LMS as the list shows it.

    Attributes:
        where: the name of the LMS; of the connector where it is none.
        own: the course that it stands for by itself; `course`: the one that it means.
        told: how many completions the LMS tells of; `moving`: how many of them still move.
    """

    lms_course: LmsCourse
    where: str
    own: Course
    course: Course
    told: int = 0
    moving: int = 0

    @property
    def is_mapped(self) -> bool:
        """Tell whether it means a course of ours."""
        return self.own.id != self.course.id


@dataclass(frozen=True)
class LmsCoursePage:
    """One page of the list; `total` counts all that match."""

    lines: Sequence[LmsCourseLine]
    total: int
    number: int

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return count_pages(self.total, PAGE_SIZE)


def source_key(lms_course_id: str, holder: str) -> str:
    """Return what tells a source's pieces of evidence apart."""
    return f"{lms_course_id}:{holder}"


def list_known(db: Session, source_id: str) -> dict[str, LmsCourse]:
    """Return the courses that a source has told of, by the LMS's own key."""
    found = db.scalars(select(LmsCourse).where(LmsCourse.source_id == source_id))
    return {one.key: one for one in found}


def take_in(db: Session, source: Source, told: Mapping[str, str], now: datetime) -> None:
    """Add the courses that are not known yet, and take over titles that changed.

    Args:
        told: titles by the LMS's own key.

    Raises:
        TooManyLmsCoursesError: there are more than can be.
    """
    known = list_known(db, source.id)
    new = [key for key in told if key not in known]
    if len(known) + len(new) > MOST_COURSES:
        raise TooManyLmsCoursesError(most=MOST_COURSES)
    courses = [_standing_for(told[key], source.municipality_id, now) for key in new]
    db.add_all(courses)
    db.flush()
    for key, course in zip(new, courses, strict=True):
        of_it = LmsCourse(
            source_id=source.id, key=key, title=course.title, own_course_id=course.id, course_id=course.id
        )
        db.add(of_it)
    for key, one in known.items():
        title = shown_title(told.get(key, one.title))
        if title != one.title:
            _rename(db, one, title)
    db.flush()


def shown_title(title: str) -> str:
    """Return a title as it can be kept and shown."""
    return one_line(title)[:TITLE_CHARACTERS] or "–"


def _standing_for(title: str, municipality_id: str | None, now: datetime) -> Course:
    ending = f"-lms-{new_id()[:12]}"
    key = suggest_key(title)[: KEY_CHARACTERS - len(ending)].rstrip("-") + ending
    shown = shown_title(title)
    return Course(key=key, title=shown, municipality_id=municipality_id, created_at=now, kind=LMS_ONLY)


def _rename(db: Session, one: LmsCourse, title: str) -> None:
    db.execute(update(Course).where(Course.id == one.own_course_id, Course.title == one.title).values(title=title))
    one.title = title


def list_lms_courses(db: Session, viewer: Viewer, *, search: str = "", number: int = 1) -> LmsCoursePage:
    """Return a page of the courses of the LMSs that a viewer looks after, by title.

    Args:
        search: a part of the title or the LMS's own key.
        number: of the page, from 1.
    """
    words = [
        or_(func.lower(LmsCourse.title).contains(word, autoescape=True), LmsCourse.key == word)
        for word in search.lower().split()
    ]
    where = (_may_see(viewer), *words)
    counting = select(func.count(LmsCourse.id)).select_from(_OF_SOURCES)
    total = db.scalar(counting.where(*where)) or 0
    query = _lines().where(*where).order_by(func.lower(LmsCourse.title), LmsCourse.id)
    rows = db.execute(query.limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE)).all()
    return LmsCoursePage(_with_counts(db, [_line(*row) for row in rows]), total, number)


def find_lms_course(db: Session, viewer: Viewer, lms_course_id: str) -> LmsCourseLine:
    """Return a course of an LMS.

    Raises:
        NotFoundError: there is none that the viewer looks after.
    """
    row = db.execute(_lines().where(_may_see(viewer), LmsCourse.id == lms_course_id)).one_or_none()
    if row is None:
        raise NotFoundError(what="course", key=lms_course_id[:80])
    return _with_counts(db, [_line(*row)])[0]


_OF_SOURCES: Final = outerjoin(
    join(join(LmsCourse, Source, Source.id == LmsCourse.source_id), Connection, Connection.id == Source.connection_id),
    Platform,
    Platform.id == Connection.platform_id,
)


def _lines() -> Select[*tuple[LmsCourse, Course, Course, str | None, str]]:
    own, meant = aliased(Course), aliased(Course)
    query = select(LmsCourse, own, meant, Platform.name, Connection.connector).select_from(_OF_SOURCES)
    return query.join(own, own.id == LmsCourse.own_course_id).join(meant, meant.id == LmsCourse.course_id)


def _line(lms_course: LmsCourse, own: Course, meant: Course, platform: str | None, connector: str) -> LmsCourseLine:
    return LmsCourseLine(lms_course, platform or connector, own, meant)


def _may_see(viewer: Viewer) -> ColumnElement[bool]:
    if viewer.everything:
        return true()
    return or_(may_see_connection(viewer), Source.municipality_id.in_(viewer.municipality_ids))


def _with_counts(db: Session, lines: Sequence[LmsCourseLine]) -> list[LmsCourseLine]:
    """Add how much the LMSs tell of each."""
    ids = [line.lms_course.id for line in lines]
    moves = func.sum(case((Evidence.course_id != LmsCourse.course_id, 1), else_=0))
    query = select(LmsCourse.id, func.count(), moves).join(Evidence, Evidence.lms_course_id == LmsCourse.id)
    told = query.where(LmsCourse.id.in_(ids)).group_by(LmsCourse.id)
    counts = {lms_course_id: (count, moving) for lms_course_id, count, moving in db.execute(told)}
    found = [(line, *counts.get(line.lms_course.id, (0, 0))) for line in lines]
    return [replace(line, told=count, moving=moving) for line, count, moving in found]


def map_to(db: Session, viewer: Viewer, lms_course_id: str, course_key: str, now: datetime) -> LmsCourse:
    """Let a course of an LMS mean one of ours, or with "" stand for itself again; a job moves what was completed.

    Raises:
        NotFoundError: one of the two is not there, or not the viewer's.
        NotOursError: the course is none of ours.
    """
    line = find_lms_course(db, viewer, lms_course_id)
    found = line.lms_course
    target = find_course_of(db, viewer, course_key) if course_key else line.own
    if target.id != line.own.id and target.kind != OWN:
        raise NotOursError
    if target.id == found.course_id:
        return found
    found.course_id = target.id
    found.mapped_by, found.mapped_at = (viewer.identity_id, now) if target.id != line.own.id else (None, None)
    by = viewer.identity_id
    audit.record(db, "lms_course.mapped", target.id, at=now, identity_id=by, course=target.key)
    ask_to_move(db, found.id, now)
    db.flush()
    return found


def ask_to_move(db: Session, lms_course_id: str, now: datetime) -> None:
    """Put the move of what was completed into the outbox."""
    outbox.put(db, KIND, lms_course_id, key=f"{KIND}:{lms_course_id}:{new_id()}", now=now)


def list_misplaced(db: Session, lms_course_id: str) -> Sequence[str]:
    """Return the ids of what was completed and lies with another course than is meant now."""
    lms_course = db.get(LmsCourse, lms_course_id)
    if lms_course is None:
        return []
    query = select(Evidence.id).where(
        Evidence.lms_course_id == lms_course_id, Evidence.course_id != lms_course.course_id
    )
    return db.scalars(query.order_by(Evidence.id)).all()


def move(db: Session, lms_course_id: str, evidence_ids: Sequence[str], now: datetime) -> None:
    """Let some of what was completed count for the course that is meant now, in the caller's transaction."""
    target = db.get_one(LmsCourse, lms_course_id).course_id
    moved = Evidence.id.in_(evidence_ids), Evidence.course_id != target
    pairs: set[settling.Pair] = set()
    for one in db.scalars(select(Evidence).where(*moved)).all():
        if one.person_id is not None:
            pairs |= {(one.person_id, one.course_id), (one.person_id, target)}
        one.course_id, one.completion_id = target, None
    db.flush()
    settling.settle(db, pairs, now)
