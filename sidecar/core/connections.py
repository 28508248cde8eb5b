"""Keep connections: a municipality's channels, with settings that are opaque and encrypted here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, ForeignKey, String, or_, select, true
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core import sync_runs
from sidecar.core.access import Viewer
from sidecar.core.db import Base, Id, Key, Sealed, new_id
from sidecar.core.people_sources import Source
from sidecar.core.platforms import Platform
from sidecar.errors import NotFoundError


class Connection(Base, kw_only=True):
    """One connector set up for one municipality, or (`platform_id`) for an LMS."""

    __tablename__ = "connection"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    municipality_id: Mapped[Id | None] = mapped_column(ForeignKey("municipality.id"), default=None, index=True)
    connector: Mapped[str] = mapped_column(String(40))
    settings: Mapped[Sealed] = mapped_column(repr=False)
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None] = mapped_column(default=None)
    tested_at: Mapped[datetime | None] = mapped_column(default=None)
    test_error_code: Mapped[str | None] = mapped_column(String(60), default=None)
    platform_id: Mapped[Id | None] = mapped_column(ForeignKey("platform.id"), default=None, index=True)


def list_connections(db: Session, viewer: Viewer, municipality_id: str | None = None) -> Sequence[Connection]:
    """Return the connections in use that a viewer may see, the oldest first.

    Args:
        municipality_id: of this municipality only.
    """
    query = select(Connection).where(Connection.removed_at.is_(None), may_see_connection(viewer))
    if municipality_id is not None:
        query = query.where(Connection.municipality_id == municipality_id)
    return db.scalars(query.order_by(Connection.created_at, Connection.id)).all()


def list_of_platform(db: Session, viewer: Viewer, platform_id: str) -> Sequence[Connection]:
    """Return the connections in use of an LMS that a viewer may see, the oldest first."""
    in_use = Connection.removed_at.is_(None), Connection.platform_id == platform_id, may_see_connection(viewer)
    return db.scalars(select(Connection).where(*in_use).order_by(Connection.created_at, Connection.id)).all()


def remove(db: Session, connection: Connection, settings: bytes, now: datetime) -> None:
    """Take a connection out of use, with what is brought in over it.

    Args:
        settings: what is kept in the place of its settings, sealed.
    """
    connection.removed_at, connection.settings = now, settings
    over_it = Source.connection_id == connection.id, Source.removed_at.is_(None)
    for source in db.scalars(select(Source).where(*over_it)).all():
        sync_runs.retire(db, source, now)


def may_see_connection(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `Connection`: of municipalities, and of LMSs, that the viewer looks after."""
    if viewer.everything:
        return true()
    run_by_them = select(Platform.id).where(Platform.region_id.in_(viewer.regions))
    return or_(Connection.municipality_id.in_(viewer.municipality_ids), Connection.platform_id.in_(run_by_them))


def find_connection(db: Session, viewer: Viewer, connection_id: str) -> Connection:
    """Return a connection that is in use.

    Raises:
        NotFoundError: there is none that the viewer may see.
    """
    in_use = Connection.id == connection_id, Connection.removed_at.is_(None)
    connection = db.scalar(select(Connection).where(*in_use, may_see_connection(viewer)))
    if connection is None:
        raise NotFoundError(what="connection", key=connection_id)
    return connection
