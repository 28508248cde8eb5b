"""List for staff what we know of an LMS's courses: when they were looked at, and who takes part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Row, ScalarSelect, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from sidecar.core import rosters
from sidecar.core.access import Viewer, may_see_employment, sees_all_spoken_for
from sidecar.core.municipalities import Municipality
from sidecar.core.paging import count_pages
from sidecar.core.people import Employment, Identity, Person
from sidecar.core.platforms import Platform
from sidecar.core.rosters import Roster, RosterMember
from sidecar.errors import NotFoundError

PAGE_SIZE: Final = 100


@dataclass(frozen=True)
class RosterLine:
    """A course of an LMS.

    Attributes:
        members: how many take part.
        is_under_way: a look waits or is being made.
        next_at: when it is looked at by itself; None for at once.
    """

    roster: Roster
    members: int
    is_under_way: bool
    next_at: datetime | None


@dataclass(frozen=True)
class RosterPage:
    """A page of courses; `total` counts all that the LMS has."""

    lines: Sequence[RosterLine]
    total: int
    number: int

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return count_pages(self.total, PAGE_SIZE)


@dataclass(frozen=True)
class Participant:
    """Somebody who takes part, and whom the viewer may see.

    Attributes:
        seen_as: id of a person, or of an identity that is not placed.
        municipality_id: "" for who is not placed; `municipality` and `unit` likewise.
        has_come: they have opened a course here.
    """

    seen_as: str
    name: str
    municipality_id: str
    municipality: str
    unit: str
    joined_at: datetime
    has_come: bool


@dataclass(frozen=True)
class Participants:
    """A page of who takes part; `hidden` counts those who are not the viewer's to see."""

    shown: Sequence[Participant]
    total: int
    hidden: int
    number: int

    @property
    def pages(self) -> int:
        """How many pages the ones to see make, at least one."""
        return count_pages(self.total - self.hidden, PAGE_SIZE)


def list_rosters(db: Session, platform: Platform, now: datetime) -> Iterator[RosterLine]:
    """Yield the courses of an LMS that have launched us, those with a problem first, then by title."""
    rows = db.execute(_in_order(platform), execution_options={"yield_per": PAGE_SIZE})
    return (_line(row, now) for row in rows)


def page_rosters(db: Session, platform: Platform, now: datetime, number: int) -> RosterPage:
    """Return a page of them, in the same order; the last one where there are fewer."""
    total = db.scalar(select(func.count(Roster.id)).where(Roster.platform_id == platform.id)) or 0
    number = max(1, min(number, count_pages(total, PAGE_SIZE)))
    rows = db.execute(_in_order(platform).limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE))
    return RosterPage([_line(row, now) for row in rows], total, number)


def find_roster(db: Session, platform: Platform, roster_id: str, now: datetime) -> RosterLine:
    """Return one course of an LMS.

    Raises:
        NotFoundError: this LMS has none such.
    """
    row = db.execute(_of(platform).where(Roster.id == roster_id)).one_or_none()
    if row is None:
        raise NotFoundError(what="roster", key=roster_id)
    return _line(row, now)


def _in_order(platform: Platform) -> Select[Roster, int, bool]:
    return _of(platform).order_by(Roster.error_code.is_(None), func.lower(Roster.title), Roster.context_id, Roster.id)


def _of(platform: Platform) -> Select[Roster, int, bool]:
    members = select(func.count()).where(RosterMember.roster_id == Roster.id, RosterMember.left_at.is_(None))
    counted = members.correlate(Roster).scalar_subquery()
    return select(Roster, counted, rosters.is_under_way()).where(Roster.platform_id == platform.id)


def _line(row: Row[Roster, int, bool], now: datetime) -> RosterLine:
    roster, members, is_under_way = row
    return RosterLine(roster, members, is_under_way, rosters.next_look_at(roster, now))


def list_participants(db: Session, viewer: Viewer, line: RosterLine, number: int = 1) -> Participants:
    """Return a page of those who take part and whom the viewer may see, by name.

    Who is not placed is shown to whoever sees every municipality that the LMS speaks for: else it may be another's
    employee.
    """
    seen = _seen_employment(viewer)
    takes_part = RosterMember.roster_id == line.roster.id, RosterMember.left_at.is_(None)
    unplaced = and_(Identity.person_id.is_(None), sees_all_spoken_for(viewer, Identity.platform_id))
    shown = or_(Employment.id.is_not(None), unplaced)
    query = (
        select(RosterMember.joined_at, Identity, Person, Employment, Municipality.name)
        .join(Identity, Identity.id == RosterMember.identity_id)
        .outerjoin(Employment, Employment.id == seen)
        .outerjoin(Person, Person.id == Employment.person_id)
        .outerjoin(Municipality, Municipality.id == Employment.municipality_id)
        .where(*takes_part, shown)
    )
    count = db.scalar(select(func.count()).select_from(query.subquery())) or 0
    name = func.lower(func.coalesce(Person.last_name, Identity.name, ""))
    page = query.order_by(Person.id.is_(None), name, func.lower(Person.first_name), Identity.id)
    rows = db.execute(page.limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE))
    return Participants([_participant(row) for row in rows], line.members, line.members - count, number)


def _seen_employment(viewer: Viewer) -> ScalarSelect[str]:
    """Return, for the identity of a row, one employment of its person that the viewer may see."""
    theirs = Employment.person_id == Identity.person_id, Employment.erased_at.is_(None)
    lasting = select(func.min(Employment.id)).where(*theirs, may_see_employment(viewer))
    return lasting.correlate(Identity).scalar_subquery()


def _participant(row: Row[datetime, Identity, Person | None, Employment | None, str | None]) -> Participant:
    joined_at, identity, person, employment, municipality = row
    has_come = not identity.is_only_listed
    if person is None or employment is None:
        return Participant(identity.id, identity.name or "", "", "", "", joined_at, has_come)
    name = f"{person.last_name}, {person.first_name}"
    here = employment.municipality_id, municipality or "", employment.unit
    return Participant(person.id, name, *here, joined_at, has_come)
