"""Keep connections: a municipality's channels, with settings that are opaque and encrypted here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.access import Viewer
from sidecar.core.db import Base, Id, Key, Sealed, new_id
from sidecar.errors import NotFoundError


class Connection(Base, kw_only=True):
    """One connector set up for one municipality."""

    __tablename__ = "connection"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    municipality_id: Mapped[Id] = mapped_column(ForeignKey("municipality.id"), index=True)
    connector: Mapped[str] = mapped_column(String(40))
    settings: Mapped[Sealed] = mapped_column(repr=False)
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None] = mapped_column(default=None)
    tested_at: Mapped[datetime | None] = mapped_column(default=None)
    test_error_code: Mapped[str | None] = mapped_column(String(60), default=None)


def list_connections(db: Session, viewer: Viewer, municipality_id: str | None = None) -> Sequence[Connection]:
    """Return the connections in use that a viewer may see, the oldest first.

    Args:
        municipality_id: of this municipality only.
    """
    query = select(Connection).where(Connection.removed_at.is_(None)).order_by(Connection.created_at, Connection.id)
    if municipality_id is not None:
        query = query.where(Connection.municipality_id == municipality_id)
    if not viewer.everything:
        query = query.where(Connection.municipality_id.in_(viewer.municipality_ids))
    return db.scalars(query).all()


def find_connection(db: Session, viewer: Viewer, connection_id: str) -> Connection:
    """Return a connection that is in use.

    Raises:
        NotFoundError: there is none that the viewer may see.
    """
    connection = db.get(Connection, connection_id)
    if connection is None or connection.removed_at or not viewer.sees_municipality(connection.municipality_id):
        raise NotFoundError(what="connection", key=connection_id)
    return connection
