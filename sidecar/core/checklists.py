"""Tell what each municipality still needs before its reports arrive by themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from sidecar.core.access import Viewer, may_see_municipality
from sidecar.core.connections import Connection
from sidecar.core.deliveries import Delivery
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, PeopleImport
from sidecar.core.platforms import Platform, PlatformMunicipality
from sidecar.errors import NotFoundError

T = TypeVar("T")


@dataclass(frozen=True)
class Checklist:
    """How far a municipality has come; each fact is one step.

    Attributes:
        connections: the channels its reports go out by, without those that were removed.
    """

    municipality: Municipality
    people: int
    imported_at: datetime | None
    platforms: Sequence[str]
    connections: Sequence[Connection]
    deliveries: dict[str, int]
    delivered_at: datetime | None

    @property
    def is_tested(self) -> bool:
        """Tell whether a channel has passed its test."""
        return any(each.tested_at and not each.test_error_code for each in self.connections)

    @property
    def is_ready(self) -> bool:
        """Tell whether every step is done."""
        return bool(self.people and self.platforms and self.is_tested and self.delivered_at)


def list_visible(db: Session, viewer: Viewer) -> Sequence[Municipality]:
    """Return the municipalities of which the viewer sees anybody, by name."""
    return db.scalars(select(Municipality).where(may_see_municipality(viewer)).order_by(Municipality.name)).all()


def find_visible(db: Session, viewer: Viewer, slug: str, *, whole: bool = True) -> Municipality:
    """Return a municipality the viewer may see.

    Args:
        whole: the viewer must see all of it, not just a unit.

    Raises:
        NotFoundError: there is none, or it is not theirs to see.
    """
    query = select(Municipality).where(Municipality.slug == slug, may_see_municipality(viewer))
    found = db.scalar(query)
    if found is None or (whole and not viewer.sees_municipality(found.id)):
        raise NotFoundError(what="municipality", key=slug)
    return found


def checklists(
    db: Session, viewer: Viewer, is_channel: Callable[[str], bool], municipality_id: str | None = None
) -> Sequence[Checklist]:
    """Return the checklists of the municipalities the viewer sees all of, by name.

    Args:
        is_channel: tells by a connector's name whether reports go out by it.
        municipality_id: of this one alone.
    """
    wanted = [
        each
        for each in list_visible(db, viewer)
        if viewer.sees_municipality(each.id) and municipality_id in (None, each.id)
    ]
    people = dict(db.execute(_count_people()).all())
    imported = dict(db.execute(_last_imports()).all())
    delivered = dict(db.execute(_last_deliveries()).all())
    platforms = _by_first(db.execute(_platform_names()))
    channels = (each for each in db.scalars(_open_connections()) if is_channel(each.connector))
    connections = _by_first((each.municipality_id or "", each) for each in channels)
    states = _by_first((key, (state, count)) for key, state, count in db.execute(_count_deliveries()))
    return [
        Checklist(
            municipality=each,
            people=people.get(each.id, 0),
            imported_at=imported.get(each.id),
            platforms=platforms.get(each.id, []),
            connections=connections.get(each.id, []),
            deliveries=dict(states.get(each.id, [])),
            delivered_at=delivered.get(each.id),
        )
        for each in wanted
    ]


def checklist(db: Session, viewer: Viewer, slug: str, is_channel: Callable[[str], bool]) -> Checklist:
    """Return the checklist of one municipality.

    Raises:
        NotFoundError: there is none, or the viewer does not see all of it.
    """
    return checklists(db, viewer, is_channel, find_visible(db, viewer, slug).id)[0]


def _by_first(pairs: Iterable[tuple[str, T]]) -> dict[str, list[T]]:
    grouped: dict[str, list[T]] = {}
    for key, value in pairs:
        grouped.setdefault(key, []).append(value)
    return grouped


def _count_people() -> Select[str, int]:
    query = select(Employment.municipality_id, func.count()).where(Employment.ended_on.is_(None))
    return query.group_by(Employment.municipality_id)


def _last_imports() -> Select[str, datetime]:
    query = select(PeopleImport.municipality_id, func.max(PeopleImport.imported_at))
    return query.group_by(PeopleImport.municipality_id)


def _last_deliveries() -> Select[str, datetime | None]:
    query = select(Delivery.municipality_id, func.max(Delivery.delivered_at))
    return query.group_by(Delivery.municipality_id)


def _count_deliveries() -> Select[str, str, int]:
    query = select(Delivery.municipality_id, Delivery.state, func.count())
    return query.group_by(Delivery.municipality_id, Delivery.state)


def _platform_names() -> Select[str, str]:
    return (
        select(PlatformMunicipality.municipality_id, Platform.name)
        .join(Platform, PlatformMunicipality.platform_id == Platform.id)
        .where(Platform.disabled_at.is_(None))
        .order_by(Platform.name)
    )


def _open_connections() -> Select[Connection]:
    return select(Connection).where(Connection.removed_at.is_(None)).order_by(Connection.created_at)
