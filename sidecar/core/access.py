"""Say who may see whom; every query that returns people takes a `Viewer`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Executable, Row, and_, bindparam, false, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from sidecar.core.courses import Course
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Position
from sidecar.core.platforms import Platform, PlatformMunicipality
from sidecar.core.regions import members_of
from sidecar.core.staff import Grant, holds
from sidecar.core.statements import run
from sidecar.core.units import reach_of


@dataclass(frozen=True)
class Viewer:
    """Who looks, and how far they may see. Access is additive: a further grant never takes anything away.

    `municipality_ids`: sees every employee of these; `rkk_for`: those of them by the role of the RKK. `regions`: ids
    of the regions whose RKK they are. `units`: (municipality id, unit) pairs whose employees a manager sees;
    `unit_ids`: these units and all below them on the day `seen_on`, where whoever holds a position is seen too.
    `everything`: an operator. `authored_for`: whose courses they may see and change, None in it standing for the
    courses that belong to no single municipality. `contact_id`: a municipality's contact, who has no identity.
    """

    identity_id: str | None = None
    roles: frozenset[str] = frozenset()
    municipality_ids: frozenset[str] = frozenset()
    rkk_for: frozenset[str] = frozenset()
    units: frozenset[tuple[str, str]] = frozenset()
    everything: bool = False
    authored_for: frozenset[str | None] = frozenset()
    regions: frozenset[str] = frozenset()
    unit_ids: frozenset[str] = frozenset()
    seen_on: date | None = None
    contact_id: str | None = None

    def is_one_of(self, *roles: str) -> bool:
        """Tell whether the viewer holds one of these roles."""
        return bool(self.roles.intersection(roles))

    def sees_municipality(self, municipality_id: str) -> bool:
        """Tell whether the viewer sees all of a municipality."""
        return self.everything or municipality_id in self.municipality_ids

    def role_in(self, municipality_id: str) -> str:
        """Return the role that lets the viewer see people of a municipality, the widest one; "" for no single one."""
        if self.everything:
            return "operator"
        if municipality_id in self.rkk_for or (not municipality_id and "rkk" in self.roles):
            return "rkk"
        return "contact" if municipality_id in self.municipality_ids else "manager"

    def may_change_courses_of(self, municipality_id: str | None) -> bool:
        """Tell whether the viewer may add or change courses of a municipality; None means the shared ones."""
        return self.everything or municipality_id in self.authored_for

    def may_run_platform(self, region_id: str | None) -> bool:
        """Tell whether the viewer may change a platform that this region's RKK looks after; None: operators only."""
        return self.everything or region_id in self.regions


def for_municipality(municipality_id: str) -> Viewer:
    """Return the viewer of a report: its owner, the municipality, and nobody else's people."""
    return Viewer(roles=frozenset({"contact"}), municipality_ids=frozenset({municipality_id}))


def operator_at_the_console() -> Viewer:
    """Return the viewer of the command line: whoever runs it can read the database anyway."""
    return Viewer(roles=frozenset({"operator"}), everything=True)


def viewer_of(db: Session, identity_id: str, *, now: datetime, today: date) -> Viewer:
    """Make the viewer of an identity from the grants that hold now.

    Args:
        today: the day in Europe/Oslo, for region membership and the tree of units.
    """
    return viewer_by(db, identity_id, run(db, _grants(), identity_id=identity_id, now=now).all(), today)


def viewer_by(db: Session, identity_id: str, grants: Sequence[Grant | Row[*tuple[Any, ...]]], today: date) -> Viewer:
    """Make the viewer that an identity is by these grants, whether or not they hold."""
    regions = [members_of(db, g.region_id, today) for g in grants if g.role == "rkk" and g.region_id]
    contacts = [g.municipality_id for g in grants if g.role == "contact" and g.municipality_id]
    authored = [g.municipality_id for g in grants if g.role == "content-developer"]
    shared = [None] if any(g.role == "rkk" for g in grants) else []
    units = frozenset((g.municipality_id, g.unit) for g in grants if g.municipality_id and g.unit is not None)
    return Viewer(
        identity_id=identity_id,
        roles=frozenset(g.role for g in grants) | {"learner"},
        municipality_ids=frozenset().union(contacts, *regions),
        rkk_for=frozenset().union(*regions),
        units=units,
        everything=any(g.role == "operator" for g in grants),
        authored_for=frozenset[str | None]().union(authored, shared, *regions),
        regions=frozenset(g.region_id for g in grants if g.role == "rkk" and g.region_id),
        unit_ids=reach_of(db, units, today),
        seen_on=today,
    )


@cache
def _grants() -> Executable:
    columns = Grant.role, Grant.municipality_id, Grant.region_id, Grant.unit
    return select(*columns).where(Grant.identity_id == bindparam("identity_id"), holds(bindparam("now")))


def may_see_employment(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `Employment` that bounds a query to what the viewer may see."""
    if viewer.everything:
        return true()
    units = [and_(Employment.municipality_id == m, Employment.unit == unit) for m, unit in viewer.units]
    return or_(false(), Employment.municipality_id.in_(viewer.municipality_ids), *units, *_in_reach(viewer))


def _in_reach(viewer: Viewer) -> Sequence[ColumnElement[bool]]:
    """Return the conditions on `Employment` of the tree: the main unit is in it, or a position held on the day is."""
    if not viewer.unit_ids:
        return ()
    held = select(Position.employment_id).where(Position.unit_id.in_(viewer.unit_ids), *_holds(viewer.seen_on))
    return Employment.unit_id.in_(viewer.unit_ids), Employment.id.in_(held)


def _holds(day: date | None) -> Sequence[ColumnElement[bool]]:
    begun = or_(Position.started_on.is_(None), Position.started_on <= day)
    return begun, or_(Position.ended_on.is_(None), Position.ended_on >= day)


def may_see_municipality(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `Municipality`: those of which the viewer sees at least one unit's people."""
    if viewer.everything:
        return true()
    return Municipality.id.in_(viewer.municipality_ids | {municipality for municipality, _ in viewer.units})


def may_see_course(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `Course` that bounds a query to the courses the viewer looks after."""
    if viewer.everything:
        return true()
    shared = Course.municipality_id.is_(None) if None in viewer.authored_for else false()
    return or_(shared, Course.municipality_id.in_([key for key in viewer.authored_for if key]))


def may_see_platform(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `Platform` that bounds a query to the LMSs whose connection the viewer may see.

    An RKK sees those it looks after, and those that speak for a municipality of its region.
    """
    if viewer.everything:
        return true()
    speaking = select(PlatformMunicipality.platform_id).where(PlatformMunicipality.municipality_id.in_(viewer.rkk_for))
    return or_(Platform.region_id.in_(viewer.regions), Platform.id.in_(speaking))


def sees_all_spoken_for(
    viewer: Viewer, platform_id: InstrumentedAttribute[str] | InstrumentedAttribute[str | None]
) -> ColumnElement[bool]:
    """Return the condition that the viewer sees every municipality for which the LMS of this column speaks.

    Only then may they see who of it is not placed: else it may be another's employee. Of an LMS that speaks for nobody
    only operators see them.
    """
    if viewer.everything:
        return true()
    spoken = select(PlatformMunicipality.platform_id)
    ours = spoken.where(PlatformMunicipality.municipality_id.in_(viewer.municipality_ids))
    others = spoken.where(PlatformMunicipality.municipality_id.not_in(viewer.municipality_ids))
    return and_(platform_id.in_(ours), platform_id.not_in(others))
