"""Say who may see whom; every query that returns people takes a `Viewer`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, false, or_, select, true
from sqlalchemy.orm import Session

from sidecar.core.people import Employment
from sidecar.core.regions import members_of
from sidecar.core.staff import Grant


@dataclass(frozen=True)
class Viewer:
    """Who looks, and how far they may see. Access is additive: a further grant never takes anything away.

    `municipality_ids`: sees every employee of these. `units`: (municipality id, unit) pairs whose employees a
    manager sees. `everything`: an operator.
    """

    identity_id: str | None = None
    roles: frozenset[str] = frozenset()
    municipality_ids: frozenset[str] = frozenset()
    units: frozenset[tuple[str, str]] = frozenset()
    everything: bool = False
    authored_for: frozenset[str] = field(default_factory=frozenset)

    def is_one_of(self, *roles: str) -> bool:
        """Tell whether the viewer holds one of these roles."""
        return bool(self.roles.intersection(roles))

    def sees_municipality(self, municipality_id: str) -> bool:
        """Tell whether the viewer sees all of a municipality."""
        return self.everything or municipality_id in self.municipality_ids


def for_municipality(municipality_id: str) -> Viewer:
    """Return the viewer of a report: its owner, the municipality, and nobody else's people."""
    return Viewer(roles=frozenset({"contact"}), municipality_ids=frozenset({municipality_id}))


def operator_at_the_console() -> Viewer:
    """Return the viewer of the command line: whoever runs it can read the database anyway."""
    return Viewer(roles=frozenset({"operator"}), everything=True)


def viewer_of(db: Session, identity_id: str, *, now: datetime, today: date) -> Viewer:
    """Make the viewer of an identity from the grants that hold now.

    Args:
        today: the day in Europe/Oslo, for region membership.
    """
    query = select(Grant).where(
        Grant.identity_id == identity_id,
        Grant.revoked_at.is_(None),
        or_(Grant.ends_at.is_(None), Grant.ends_at > now),
    )
    grants = db.scalars(query).all()
    regions = [members_of(db, g.region_id, today) for g in grants if g.role == "rkk" and g.region_id]
    contacts = [g.municipality_id for g in grants if g.role == "contact" and g.municipality_id]
    authored = [g.municipality_id for g in grants if g.role == "content-developer" and g.municipality_id]
    return Viewer(
        identity_id=identity_id,
        roles=frozenset(g.role for g in grants) | {"learner"},
        municipality_ids=frozenset().union(contacts, *regions),
        units=frozenset((g.municipality_id, g.unit) for g in grants if g.municipality_id and g.unit is not None),
        everything=any(g.role == "operator" for g in grants),
        authored_for=frozenset(authored),
    )


def may_see_employment(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `Employment` that bounds a query to what the viewer may see."""
    if viewer.everything:
        return true()
    units = [and_(Employment.municipality_id == m, Employment.unit == unit) for m, unit in viewer.units]
    return or_(false(), Employment.municipality_id.in_(viewer.municipality_ids), *units)
