"""Gather what the page of a person shows: every employment, position and account that the viewer may see."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sidecar.core.access import Viewer, may_see_employment
from sidecar.core.data_subjects import DataSubject
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Identity, Position
from sidecar.core.person_matches import MERGED, PersonIdentifier, PersonMatch
from sidecar.core.platforms import Platform
from sidecar.core.units import Unit


@dataclass(frozen=True)
class HeldPosition:
    """A position, with the name of its unit."""

    position: Position
    unit: str | None


@dataclass(frozen=True)
class WorkLine:
    """An employment, its municipality and the positions in it, the main one first."""

    employment: Employment
    municipality: Municipality
    positions: Sequence[HeldPosition]


@dataclass(frozen=True)
class AccountLine:
    """An account they come in by; `platform` is None for sign-in links."""

    platform: str | None
    is_only_listed: bool
    first_seen_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True)
class KindOfIdentifier:
    """A kind of what they are known by, how many of it, and when one was told last; never the values."""

    kind: str
    count: int
    last_seen_at: datetime


@dataclass(frozen=True)
class Joined:
    """That they are one person with an employee of a municipality that the viewer does not see, and since when.

    `by_staff`: a person decided it who was signed in; else a rule or the command line did.
    """

    decided_at: datetime | None
    by_staff: bool


@dataclass(frozen=True)
class PersonPage:
    """What is shown; `merged`: how many others turned out to be this person, where the viewer sees all of them."""

    works: Sequence[WorkLine]
    accounts: Sequence[AccountLine]
    known_by: Sequence[KindOfIdentifier]
    merged: int
    joined: Joined | None


def gather(db: Session, viewer: Viewer, subject: DataSubject) -> PersonPage:
    """Return what the page of a person shows the viewer; how they are known only who sees all of a municipality."""
    works = _list_works(db, viewer, subject)
    sees_all = any(viewer.sees_municipality(one.municipality.id) for one in works)
    return PersonPage(
        works=works,
        accounts=_list_accounts(db, viewer, subject) if sees_all else (),
        known_by=_list_kinds(db, subject) if sees_all else (),
        merged=len(subject.merged_ids) if subject.is_whole else 0,
        joined=_find_joined(db, viewer, subject) if sees_all else None,
    )


def _find_joined(db: Session, viewer: Viewer, subject: DataSubject) -> Joined | None:
    """Return that somebody of elsewhere was made one with this person, and nothing of who or where."""
    employers = select(Employment.municipality_id).where(Employment.person_id == subject.person_id).distinct()
    if not subject.merged_ids or all(viewer.sees_municipality(one) for one in db.scalars(employers)):
        return None
    theirs = PersonMatch.state == MERGED, PersonMatch.other_id.in_(subject.merged_ids)
    match = db.scalar(select(PersonMatch).where(*theirs).order_by(PersonMatch.decided_at.desc()).limit(1))
    return Joined(match.decided_at, match.decided_by is not None) if match else None


def _list_works(db: Session, viewer: Viewer, subject: DataSubject) -> Sequence[WorkLine]:
    query = (
        select(Employment, Municipality)
        .join(Municipality, Municipality.id == Employment.municipality_id)
        .where(Employment.person_id == subject.person_id, may_see_employment(viewer), Employment.erased_at.is_(None))
        .order_by(Employment.ended_on.is_not(None), Municipality.name, Employment.employee_number)
    )
    rows = db.execute(query).all()
    held: dict[str, list[HeldPosition]] = defaultdict(list)
    positions = (
        select(Position, Unit.name)
        .outerjoin(Unit, Unit.id == Position.unit_id)
        .where(Position.employment_id.in_([one.id for one, _ in rows]))
        .order_by(Position.is_main.desc(), Position.started_on, Position.key)
    )
    for position, unit in db.execute(positions):
        held[position.employment_id].append(HeldPosition(position, unit))
    return [WorkLine(one, municipality, held[one.id]) for one, municipality in rows]


def _list_accounts(db: Session, viewer: Viewer, subject: DataSubject) -> Sequence[AccountLine]:
    query = select(Platform.name, Identity.is_only_listed, Identity.first_seen_at, Identity.last_seen_at)
    theirs = Identity.id.in_(subject.all_identity_ids if viewer.everything else subject.identity_ids)
    found = query.outerjoin(Platform, Platform.id == Identity.platform_id).where(theirs)
    return [AccountLine(*row) for row in db.execute(found.order_by(Identity.last_seen_at.desc()))]


def _list_kinds(db: Session, subject: DataSubject) -> Sequence[KindOfIdentifier]:
    count, last = func.count(), func.max(PersonIdentifier.last_seen_at)
    query = select(PersonIdentifier.kind, count, last).where(PersonIdentifier.person_id == subject.person_id)
    return [KindOfIdentifier(*row) for row in db.execute(query.group_by(PersonIdentifier.kind).order_by(count.desc()))]
