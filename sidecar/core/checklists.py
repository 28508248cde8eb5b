"""Tell what each municipality still needs before its reports arrive by themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, exists, func, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from sidecar.core.access import Viewer, may_see_employment, may_see_municipality
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
        deliveries: how many there are, by state.
    """

    municipality: Municipality
    has_people: bool
    platforms: Sequence[str]
    connections: Sequence[Connection]
    deliveries: Mapping[str, int]
    delivered_at: datetime | None

    @property
    def is_tested(self) -> bool:
        """Tell whether a channel has passed its test."""
        return any(each.tested_at and not each.test_error_code for each in self.connections)

    @property
    def is_ready(self) -> bool:
        """Tell whether every step is done."""
        return bool(self.has_people and self.platforms and self.is_tested and self.delivered_at)


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


def checklists(db: Session, viewer: Viewer, is_channel: Callable[[str], bool]) -> Sequence[Checklist]:
    """Return the checklists of the municipalities the viewer sees all of, by name; nobody is counted for them.

    Args:
        is_channel: tells by a connector's name whether reports go out by it.
    """
    wanted = [each for each in list_visible(db, viewer) if viewer.sees_municipality(each.id)]
    return _fill_in(db, wanted, _seen_whole(viewer), is_channel)


def checklist(db: Session, viewer: Viewer, slug: str, is_channel: Callable[[str], bool]) -> Checklist:
    """Return the checklist of one municipality.

    Raises:
        NotFoundError: there is none, or the viewer does not see all of it.
    """
    found = find_visible(db, viewer, slug)
    return _fill_in(db, [found], frozenset({found.id}), is_channel)[0]


def count_people(db: Session, viewer: Viewer) -> Mapping[str, int]:
    """Return how many employees each municipality has that the viewer sees all of."""
    here = _within(Municipality.id, _seen_whole(viewer))
    number = select(func.count()).select_from(Employment).where(*_works_here()).scalar_subquery()
    return dict(db.execute(select(Municipality.id, number).where(here)).all())


def count_people_of(db: Session, viewer: Viewer, municipality_id: str) -> int:
    """Return how many employees of a municipality the viewer may see."""
    here = Employment.municipality_id == municipality_id, Employment.ended_on.is_(None), may_see_employment(viewer)
    return db.scalar(select(func.count()).select_from(Employment).where(*here)) or 0


def find_last_import(db: Session, municipality_id: str) -> datetime | None:
    """Return when a municipality's people were imported last; None where that never was."""
    here = PeopleImport.municipality_id == municipality_id
    return db.scalar(select(func.max(PeopleImport.imported_at)).where(here))


def _seen_whole(viewer: Viewer) -> frozenset[str] | None:
    """Return the ids of the municipalities the viewer sees all of; None for every one."""
    return None if viewer.everything else viewer.municipality_ids


def _within(column: InstrumentedAttribute[Any], ids: frozenset[str] | None) -> ColumnElement[bool]:
    return true() if ids is None else column.in_(ids)


def _fill_in(
    db: Session, wanted: Sequence[Municipality], ids: frozenset[str] | None, is_channel: Callable[[str], bool]
) -> Sequence[Checklist]:
    peopled = set(db.scalars(_with_people(ids)))
    platforms = _by_first(db.execute(_platform_names(ids)))
    channels = (each for each in db.scalars(_open_connections(ids)) if is_channel(each.connector))
    connections = _by_first((each.municipality_id or "", each) for each in channels)
    found = ((key, (state, count, last)) for key, state, count, last in db.execute(_count_deliveries(ids)))
    delivered = _by_first(found)
    return [
        Checklist(
            municipality=each,
            has_people=each.id in peopled,
            platforms=platforms.get(each.id, []),
            connections=connections.get(each.id, []),
            deliveries={state: count for state, count, _ in delivered.get(each.id, [])},
            delivered_at=max((last for _, _, last in delivered.get(each.id, []) if last), default=None),
        )
        for each in wanted
    ]


def _by_first(pairs: Iterable[tuple[str, T]]) -> dict[str, list[T]]:
    grouped: dict[str, list[T]] = {}
    for key, value in pairs:
        grouped.setdefault(key, []).append(value)
    return grouped


def _works_here() -> Sequence[ColumnElement[bool]]:
    """Return the conditions on `Employment` and a `Municipality`; asked one by one, an index alone answers them."""
    return Employment.municipality_id == Municipality.id, Employment.ended_on.is_(None)


def _with_people(ids: frozenset[str] | None) -> Select[str]:
    return select(Municipality.id).where(_within(Municipality.id, ids), exists().where(*_works_here()))


def _count_deliveries(ids: frozenset[str] | None) -> Select[str, str, int, datetime | None]:
    """Ask how many there are of each municipality in each state, and when the last of them was delivered."""
    place = Delivery.municipality_id, Delivery.state
    query = select(*place, func.count(), func.max(Delivery.delivered_at))
    return query.where(_within(Delivery.municipality_id, ids)).group_by(*place)


def _platform_names(ids: frozenset[str] | None) -> Select[str, str]:
    return (
        select(PlatformMunicipality.municipality_id, Platform.name)
        .join(Platform, PlatformMunicipality.platform_id == Platform.id)
        .where(Platform.disabled_at.is_(None), _within(PlatformMunicipality.municipality_id, ids))
        .order_by(Platform.name)
    )


def _open_connections(ids: frozenset[str] | None) -> Select[Connection]:
    here = _within(Connection.municipality_id, ids)
    return select(Connection).where(Connection.removed_at.is_(None), here).order_by(Connection.created_at)
