"""Count where a course is opened, and how many have begun and finished it: numbers, never names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Select, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from sidecar.core.access import Viewer, may_see_platform, sees_all_spoken_for
from sidecar.core.attempts import Attempt
from sidecar.core.completions import Completion
from sidecar.core.courses import Course
from sidecar.core.launches import Launch
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Identity
from sidecar.core.platforms import Platform, PlatformMunicipality
from sidecar.core.rosters import Roster

MOST_PLACES: Final = 100


@dataclass(frozen=True)
class Place:
    """A course of an LMS from which ours is opened; `title`: as its roster says, "" where it is not known."""

    platform: str
    title: str
    activities: int
    opened_at: datetime


@dataclass(frozen=True)
class Uptake:
    """How many of those who work in a municipality now have begun a course, and finished it."""

    municipality: str
    begun: int
    finished: int


@dataclass(frozen=True)
class Use:
    """Who uses a course where, as far as the viewer may know.

    Attributes:
        places: those opened last, at most `MOST_PLACES`.
        unplaced: who has begun it and is not found among any employees.
    """

    places: Sequence[Place]
    uptakes: Sequence[Uptake]
    unplaced: int

    @property
    def is_none(self) -> bool:
        """Tell whether there is nothing to tell of."""
        return not (self.places or self.unplaced or any(each.begun or each.finished for each in self.uptakes))


def use_of(db: Session, viewer: Viewer, course: Course) -> Use:
    """Return who uses a course where: of the viewer's own municipalities, and of the LMSs that speak for them."""
    begun = dict(db.execute(_people(viewer, Attempt.identity_id, Attempt.course_id == course.id)).all())
    finished = dict(db.execute(_finishers(viewer, course.id)).all())
    names = db.execute(select(Municipality.id, Municipality.name).where(_is_own(viewer)).order_by(Municipality.name))
    uptakes = [Uptake(name, begun.get(key, 0), finished.get(key, 0)) for key, name in names]
    return Use(
        places=[Place(lms, title or "", count, at) for lms, title, count, at in db.execute(_places(viewer, course.id))],
        uptakes=[each for each in uptakes if each.begun or each.finished],
        unplaced=_count_unplaced(db, viewer, course.id),
    )


def _is_own(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `Municipality`: the viewer sees its people, or looks after its courses."""
    return true() if viewer.everything else Municipality.id.in_(_own_ids(viewer))


def _own_ids(viewer: Viewer) -> set[str]:
    return {key for key in viewer.municipality_ids | viewer.authored_for if key}


def _people(
    viewer: Viewer, identity_id: InstrumentedAttribute[str], of_course: ColumnElement[bool]
) -> Select[str, int]:
    """Return the query of how many people of each municipality did something about a course."""
    return (
        select(Employment.municipality_id, func.count(Identity.person_id.distinct()))
        .join(Identity, Identity.person_id == Employment.person_id)
        .join(Municipality, Municipality.id == Employment.municipality_id)
        .where(Employment.ended_on.is_(None), Employment.erased_at.is_(None), _is_own(viewer))
        .where(Identity.id.in_(select(identity_id).where(of_course)))
        .group_by(Employment.municipality_id)
    )


def _finishers(viewer: Viewer, course_id: str) -> Select[str, int]:
    """Return the query of how many people of each municipality have finished a course, wherever they did."""
    done = select(Completion.person_id).where(Completion.course_id == course_id, Completion.withdrawn_at.is_(None))
    return (
        select(Employment.municipality_id, func.count(Employment.person_id.distinct()))
        .join(Municipality, Municipality.id == Employment.municipality_id)
        .where(Employment.ended_on.is_(None), Employment.erased_at.is_(None), _is_own(viewer))
        .where(Employment.person_id.in_(done))
        .group_by(Employment.municipality_id)
    )


def _count_unplaced(db: Session, viewer: Viewer, course_id: str) -> int:
    """Return how many have begun who are not placed; of LMSs whose every municipality the viewer sees."""
    begun = Identity.id.in_(select(Attempt.identity_id).where(Attempt.course_id == course_id))
    theirs = Identity.platform_id.is_not(None), sees_all_spoken_for(viewer, Identity.platform_id)
    query = select(func.count(Identity.id)).where(Identity.person_id.is_(None), begun, *theirs)
    return db.scalar(query) or 0


def _places(viewer: Viewer, course_id: str) -> Select[str, str | None, int, datetime]:
    opened_at = func.max(Launch.launched_at)
    in_roster = (
        (Roster.platform_id == Launch.platform_id)
        & (Roster.deployment_id == Launch.deployment_id)
        & (Roster.context_id == Launch.context_id)
    )
    title = func.max(Roster.title)
    return (
        select(Platform.name, title, func.count(Launch.resource_link_id.distinct()), opened_at)
        .join(Platform, Platform.id == Launch.platform_id)
        .outerjoin(Roster, in_roster)
        .where(Launch.course_id == course_id, _may_see_places(viewer))
        .group_by(Platform.name, Launch.platform_id, Launch.deployment_id, Launch.context_id)
        .order_by(opened_at.desc())
        .limit(MOST_PLACES)
    )


def _may_see_places(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `Platform`: the viewer looks after it, or it speaks for a municipality of theirs."""
    speaking = select(PlatformMunicipality.platform_id).where(
        PlatformMunicipality.municipality_id.in_(_own_ids(viewer))
    )
    return or_(may_see_platform(viewer), Platform.id.in_(speaking))
