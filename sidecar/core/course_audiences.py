"""Keep whom the RKK expects to take a course: everybody of a place, or of a unit of it, or in some kind of position.

A row is about one municipality, about all members of a region on the day one looks, or about every municipality of the
installation. Who looks after that place sees the row and may change it: the RKK of the municipality or the region on
the day, and operators, to whom alone the last kind belongs. So rows move with a municipality that changes its region.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    CompoundSelect,
    ForeignKey,
    Select,
    String,
    and_,
    exists,
    func,
    or_,
    select,
    true,
    union,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core import audit
from sidecar.core.access import Viewer, may_see_employment
from sidecar.core.courses import Course
from sidecar.core.db import Base, Id, Key, new_id
from sidecar.core.municipalities import Municipality, find_municipality
from sidecar.core.people import Employment, Position, is_employed
from sidecar.core.periods import end_of
from sidecar.core.regions import Region, RegionMembership, find_region, is_member_on
from sidecar.core.short_texts import tidy
from sidecar.core.staff_courses import REVIEWERS, find_course_of
from sidecar.core.units import Unit, UnitPlace, stands_on
from sidecar.errors import NotAllowedError, NotFoundError, SidecarError

WORD_CHARACTERS: Final = 100


class AudienceDaysError(SidecarError):
    """The last day comes before the first. Turn them round, or remove what was entered by mistake."""

    code = "audience-days"


class AudienceUnitError(SidecarError):
    """No unit there is called "{unit}", or several are. Write its name as on the page of units, or its own key."""

    code = "audience-unit"


class AudienceUnitPlaceError(SidecarError):
    """A unit belongs to one municipality. Choose that municipality, or leave the unit out."""

    code = "audience-unit-place"


class AudienceWordError(SidecarError):
    """The word has {length} characters, {most} is the most. Write one word that stands in the titles."""

    code = "audience-word"


class CourseAudience(Base, kw_only=True):
    """Who is expected to take a course from a day to a day, both included; `ends_on` None: till somebody ends it.

    Attributes:
        municipality_id, region_id: at most one; neither: everywhere.
        unit_id: a unit of the municipality with all below it on the day.
        word: stands in the title of the main position, in small letters; None for every position.
    """

    __tablename__ = "course_audience"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    course_id: Mapped[Id] = mapped_column(ForeignKey("course.id"), index=True)
    municipality_id: Mapped[Id | None] = mapped_column(ForeignKey("municipality.id"), default=None, index=True)
    region_id: Mapped[Id | None] = mapped_column(ForeignKey("region.id"), default=None, index=True)
    unit_id: Mapped[Id | None] = mapped_column(ForeignKey("unit.id"), default=None, index=True)
    word: Mapped[str | None] = mapped_column(String(WORD_CHARACTERS), default=None)
    starts_on: Mapped[date]
    ends_on: Mapped[date | None] = mapped_column(default=None)


@dataclass(frozen=True)
class Audience:
    """What somebody asks to be added.

    Attributes:
        municipality: organisation number or slug; `region`: slug; at most one of them, neither is everywhere.
        unit: its key or name, "" for all units; `word`: "" for all positions.
    """

    starts_on: date
    ends_on: date | None = None
    municipality: str = ""
    region: str = ""
    unit: str = ""
    word: str = ""


@dataclass(frozen=True)
class AudienceLine:
    """A row as a list shows it; `place` is "" for everywhere, `is_theirs`: the viewer may change it."""

    row: CourseAudience
    place: str
    unit: str
    is_theirs: bool

    def holds_on(self, day: date) -> bool:
        """Tell whether it holds on a day."""
        return self.row.starts_on <= day and (self.row.ends_on is None or day <= self.row.ends_on)


def holds_on(day: date) -> ColumnElement[bool]:
    """Return the condition that a row holds on a day."""
    ended = or_(CourseAudience.ends_on.is_(None), CourseAudience.ends_on >= day)
    return and_(CourseAudience.starts_on <= day, ended)


def may_change_audience(viewer: Viewer) -> bool:
    """Tell whether the viewer may say whom courses are for, where they see them at all."""
    return viewer.is_one_of(*REVIEWERS)


def list_audiences(db: Session, viewer: Viewer, key: str) -> list[AudienceLine]:
    """Return whom a course is for, as far as it is about the viewer's places; what is over comes last.

    Raises:
        NotFoundError: there is no such course, or it is not theirs.
    """
    course = find_course_of(db, viewer, key)
    over = func.coalesce(CourseAudience.ends_on, date.max)
    query = (
        select(CourseAudience, Municipality.name, Region.name, Unit.name)
        .outerjoin(Municipality, Municipality.id == CourseAudience.municipality_id)
        .outerjoin(Region, Region.id == CourseAudience.region_id)
        .outerjoin(Unit, Unit.id == CourseAudience.unit_id)
        .where(CourseAudience.course_id == course.id, or_(_is_theirs(viewer), _is_everywhere()))
        .order_by(over.desc(), Region.name, Municipality.name, Unit.name, CourseAudience.word, CourseAudience.id)
    )
    return [
        AudienceLine(row, municipality or region or "", unit or "", _owns(viewer, row))
        for row, municipality, region, unit in db.execute(query)
    ]


def add(db: Session, viewer: Viewer, key: str, wanted: Audience, now: datetime) -> CourseAudience:
    """Expect somebody to take a course; the same asked for twice is there once.

    Raises:
        NotFoundError: there is no such course, municipality or region, or it is not theirs.
        NotAllowedError: the viewer decides nothing there.
        AudienceDaysError, AudienceUnitError, AudienceUnitPlaceError, AudienceWordError: it can't be kept as it is.
    """
    course = find_course_of(db, viewer, key)
    if not may_change_audience(viewer):
        raise NotAllowedError
    row = _read(db, viewer, course, wanted)
    same = [getattr(CourseAudience, name).is_not_distinct_from(getattr(row, name)) for name in _SAID]
    known = db.scalars(select(CourseAudience).where(*same).order_by(CourseAudience.id).limit(1)).first()
    if known is not None:
        return known
    db.add(row)
    db.flush()
    by = viewer.identity_id
    since, until = _days(row)
    audit.record(
        db, "course_audience.added", course.id, at=now, identity_id=by, course=course.key, since=since, until=until
    )
    return row


_SAID = ("course_id", "municipality_id", "region_id", "unit_id", "word", "starts_on", "ends_on")


def end(db: Session, viewer: Viewer, key: str, audience_id: str, last_day: date, now: datetime) -> CourseAudience:
    """Let it hold for a last day, which may be past or to come.

    Raises:
        NotFoundError: there is none, or it is not theirs.
        AudienceDaysError: it begins later.
    """
    course, row = _find(db, viewer, key, audience_id)
    if last_day < row.starts_on:
        raise AudienceDaysError
    if row.ends_on != last_day:
        row.ends_on = last_day
        by = viewer.identity_id
        audit.record(
            db, "course_audience.ended", course.id, at=now, identity_id=by, course=course.key, until=str(last_day)
        )
        db.flush()
    return row


def remove(db: Session, viewer: Viewer, key: str, audience_id: str, now: datetime) -> None:
    """Forget one that was entered by mistake: nobody was ever expected by it.

    Raises:
        NotFoundError: there is none, or it is not theirs.
    """
    course, row = _find(db, viewer, key, audience_id)
    by = viewer.identity_id
    since, until = _days(row)
    audit.record(
        db, "course_audience.removed", course.id, at=now, identity_id=by, course=course.key, since=since, until=until
    )
    db.delete(row)
    db.flush()


def _find(db: Session, viewer: Viewer, key: str, audience_id: str) -> tuple[Course, CourseAudience]:
    course = find_course_of(db, viewer, key)
    own = CourseAudience.id == audience_id, CourseAudience.course_id == course.id, _is_theirs(viewer)
    row = db.scalar(select(CourseAudience).where(*own))
    if row is None or not may_change_audience(viewer):
        raise NotFoundError(what="audience", key=audience_id[:40])
    return course, row


def _read(db: Session, viewer: Viewer, course: Course, wanted: Audience) -> CourseAudience:
    if wanted.ends_on is not None and wanted.ends_on < wanted.starts_on:
        raise AudienceDaysError
    word = tidy(wanted.word, WORD_CHARACTERS, AudienceWordError).lower()
    row = CourseAudience(course_id=course.id, word=word or None, starts_on=wanted.starts_on, ends_on=wanted.ends_on)
    if wanted.municipality:
        row.municipality_id = find_municipality(db, wanted.municipality).id
    elif wanted.region:
        row.region_id = find_region(db, wanted.region).id
    if not _owns(viewer, row):
        raise NotFoundError(
            what="municipality" if wanted.municipality else "region", key=wanted.municipality or wanted.region
        )
    if wanted.unit.strip():
        row.unit_id = _find_unit(db, row.municipality_id, wanted.unit.strip())
    return row


def _find_unit(db: Session, municipality_id: str | None, said: str) -> str:
    if municipality_id is None:
        raise AudienceUnitPlaceError
    here = select(Unit.id).where(Unit.municipality_id == municipality_id)
    found = db.scalars(here.where(Unit.key == said)).all() or db.scalars(here.where(Unit.name == said)).all()
    if len(found) != 1:
        raise AudienceUnitError(unit=said[:80])
    return found[0]


def _is_everywhere() -> ColumnElement[bool]:
    return and_(CourseAudience.municipality_id.is_(None), CourseAudience.region_id.is_(None))


def _is_theirs(viewer: Viewer) -> ColumnElement[bool]:
    own = or_(CourseAudience.municipality_id.in_(viewer.rkk_for), CourseAudience.region_id.in_(viewer.regions))
    return true() if viewer.everything else own


def _owns(viewer: Viewer, row: CourseAudience) -> bool:
    return viewer.everything or row.municipality_id in viewer.rkk_for or row.region_id in viewer.regions


def _days(row: CourseAudience) -> tuple[str, str]:
    return row.starts_on.isoformat(), row.ends_on.isoformat() if row.ends_on else ""


def pairs(day: date, municipality_id: str | None = None) -> Select[str, str]:
    """Return the query of who is expected to take which course on a day: `employment_id`, `course_id`, each pair once.

    It is about employments that hold on the day, of people who are not erased, and courses that are not retired. Of a
    unit there is who has it as the main one, and who holds a position in it on the day. The tree of units is walked
    once, whatever the number of employees.

    Args:
        municipality_id: only of this one, which is quicker.
    """
    named = _named(day, municipality_id).subquery()
    return select(named.c.employment_id, named.c.course_id).distinct()


def count_named(db: Session, viewer: Viewer, key: str, day: date) -> tuple[int, dict[str, int]]:
    """Return how many employees the viewer sees are expected to take a course on a day: in all, and by row.

    Raises:
        NotFoundError: there is no such course, or it is not theirs.
    """
    course = find_course_of(db, viewer, key)
    named = _named(day, None, [course.id]).subquery()
    seen = named.c.employment_id == Employment.id, may_see_employment(viewer)
    count = func.count(named.c.employment_id.distinct())
    by_row = select(named.c.audience_id, count).join(Employment, and_(*seen)).group_by(named.c.audience_id)
    total = db.scalar(select(count).join(Employment, and_(*seen))) or 0
    return total, dict(db.execute(by_row).all())


def named_for(day: date, course_ids: Collection[str]) -> Select[str, str]:
    """Return the same as `pairs`, of some courses only."""
    named = _named(day, None, course_ids).subquery()
    return select(named.c.employment_id, named.c.course_id).distinct()


def _named(
    day: date, municipality_id: str | None, course_ids: Collection[str] | None = None
) -> CompoundSelect[str, str, str]:
    """Return the query of which row names whom: `employment_id`, `course_id`, `audience_id`."""
    rows = _rows(day, course_ids)
    places, reach, fits = _places(rows, day, municipality_id), _reach(rows, day), _fits(rows, municipality_id)
    wanted = select(Employment.id.label("employment_id"), rows.c.course_id, rows.c.id.label("audience_id"))
    has_word = and_(fits.c.audience_id == rows.c.id, fits.c.title == Employment.position)

    def of(found: Select[str, str, str]) -> Select[str, str, str]:
        is_meant = or_(rows.c.word.is_(None), fits.c.title.is_not(None))
        return found.outerjoin(fits, has_word).where(is_meant, is_employed(day))

    all_of_it = (
        wanted.select_from(places)
        .join(rows, and_(rows.c.id == places.c.audience_id, rows.c.unit_id.is_(None)))
        .join(Employment, Employment.municipality_id == places.c.municipality_id)
    )
    of_unit = wanted.select_from(reach).join(rows, rows.c.id == reach.c.audience_id)
    here = Employment.municipality_id == rows.c.municipality_id
    if municipality_id is not None:
        here = and_(here, Employment.municipality_id == municipality_id)
    main = of_unit.join(Employment, and_(Employment.unit_id == reach.c.unit_id, here))
    held = and_(Position.unit_id == reach.c.unit_id, *_holds(day))
    other = of_unit.join(Position, held).join(Employment, and_(Employment.id == Position.employment_id, here))
    return union(of(all_of_it), of(main), of(other))


def _rows(day: date, course_ids: Collection[str] | None) -> CTE:
    """Return the rows that hold on a day, of courses that may be begun then."""
    offered = or_(Course.retired_at.is_(None), Course.retired_at >= end_of(day))
    query = select(CourseAudience).join(Course, Course.id == CourseAudience.course_id).where(offered, holds_on(day))
    return (query if course_ids is None else query.where(Course.id.in_(course_ids))).cte("audience_rows")


def _places(rows: CTE, day: date, municipality_id: str | None) -> CTE:
    """Return which municipalities each row is about on a day."""
    in_region = and_(rows.c.region_id == RegionMembership.region_id, is_member_on(day))
    is_member = exists().where(in_region, RegionMembership.municipality_id == Municipality.id)
    everywhere = and_(rows.c.municipality_id.is_(None), rows.c.region_id.is_(None))
    about = or_(rows.c.municipality_id == Municipality.id, is_member, everywhere)
    query = select(rows.c.id.label("audience_id"), Municipality.id.label("municipality_id"))
    query = query.select_from(rows).join(Municipality, about)
    return (query if municipality_id is None else query.where(Municipality.id == municipality_id)).cte(
        "audience_places"
    )


def _reach(rows: CTE, day: date) -> CTE:
    """Return the units of each row: its own and all below it on a day; a circle in the data ends nothing."""
    top = select(rows.c.id.label("audience_id"), rows.c.unit_id).where(rows.c.unit_id.is_not(None))
    reach = top.cte("audience_units", recursive=True)
    lower = select(reach.c.audience_id, UnitPlace.unit_id).join(reach, UnitPlace.parent_id == reach.c.unit_id)
    return reach.union(lower.where(stands_on(day)))  # not "union all": who is met twice is not followed again


def _fits(rows: CTE, municipality_id: str | None) -> CTE:
    """Return which titles of positions have the word of each row in them; each title is looked at once."""
    held = select(Employment.position.label("title")).distinct().where(exists().where(rows.c.word.is_not(None)))
    if municipality_id is not None:
        held = held.where(Employment.municipality_id == municipality_id)
    titles = held.subquery("held_titles")
    small = _in_small_letters(titles.c.title).label("small")
    each = select(titles.c.title, small).distinct().cte("position_titles")  # distinct: else made anew for each word
    has_word = func.replace(each.c.small, rows.c.word, "") != each.c.small
    query = select(rows.c.id.label("audience_id"), each.c.title).select_from(rows)
    return query.join(each, and_(rows.c.word.is_not(None), has_word)).cte("audience_titles")


_CAPITALS: Final = "ÆØÅÁČĐŊŠŦŽÄÖÜÉÈÊÓÒÔÀ"
"""Of Norwegian, the Sámi languages and the neighbours': SQLite makes small letters of A to Z only."""


def _in_small_letters(title: ColumnElement[str]) -> ColumnElement[str]:
    small: ColumnElement[str] = func.lower(title)
    for letter in _CAPITALS:
        small = func.replace(small, letter, letter.lower())
    return small


def _holds(day: date) -> tuple[ColumnElement[bool], ...]:
    begun = or_(Position.started_on.is_(None), Position.started_on <= day)
    return begun, or_(Position.ended_on.is_(None), Position.ended_on >= day)
