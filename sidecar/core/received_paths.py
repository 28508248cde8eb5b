"""Keep the learning paths that regions have received from others: what was signed, by whom, and which parts it takes.

What is received is neither shown to learners nor played before a region adopts it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, ForeignKey, Select, String, Text, UniqueConstraint, func, insert, select, true
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.access import Viewer
from sidecar.core.courses import SIZE
from sidecar.core.db import Base, Id, Key, new_id
from sidecar.core.peers import ADDRESS_CHARACTERS, ORIGIN_CHARACTERS
from sidecar.core.statements import insert_if_new
from sidecar.errors import NotFoundError


class ReceivedPath(Base, kw_only=True):
    """A learning path of another region, as one of our regions has received it.

    Attributes:
        origin: its address, the same for ever; `address`, `region_name`: whose it is.
    """

    __tablename__ = "received_path"
    __table_args__ = (UniqueConstraint("region_id", "origin"),)

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    region_id: Mapped[Id] = mapped_column(ForeignKey("region.id"))
    origin: Mapped[str] = mapped_column(String(ORIGIN_CHARACTERS))
    address: Mapped[str] = mapped_column(String(ADDRESS_CHARACTERS))
    region_name: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]


class ReceivedPathVersion(Base, kw_only=True):
    """A version of it; never changed.

    Attributes:
        digest: of `bundle.json`, which lies in the storage under it.
        signature: the detached JWS over `bundle.json`, `kid`: the key that made it.
        title, licence: what lists show of it.
        size_bytes: of all its parts.
    """

    __tablename__ = "received_path_version"
    __table_args__ = (UniqueConstraint("path_id", "number"),)

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    path_id: Mapped[Id] = mapped_column(ForeignKey("received_path.id"))
    number: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    signature: Mapped[str] = mapped_column(Text)
    kid: Mapped[str] = mapped_column(String(64), index=True)
    title: Mapped[str] = mapped_column(String(200))
    licence: Mapped[str] = mapped_column(String(100))
    size_bytes: Mapped[int] = mapped_column(SIZE)
    published_at: Mapped[datetime]
    received_at: Mapped[datetime]


class ReceivedPart(Base, kw_only=True):
    """A content that a version takes, `bundle.json` among them; its bytes lie in the storage under their SHA-256."""

    __tablename__ = "received_part"

    version_id: Mapped[Key] = mapped_column(ForeignKey("received_path_version.id"))
    digest: Mapped[str] = mapped_column(String(64), primary_key=True, index=True)
    size_bytes: Mapped[int] = mapped_column(SIZE)


@dataclass(frozen=True)
class ReceivedLine:
    """A received path as a list shows it, with its newest version."""

    path: ReceivedPath
    newest: ReceivedPathVersion


def may_see_received(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `ReceivedPath` that bounds a query to what the viewer's regions have received."""
    return true() if viewer.everything else ReceivedPath.region_id.in_(viewer.regions)


def list_received(db: Session, viewer: Viewer) -> Sequence[ReceivedLine]:
    """Return what the viewer's regions have received, by title."""
    rows = db.execute(_newest().where(may_see_received(viewer)).order_by(func.lower(ReceivedPathVersion.title)))
    return [ReceivedLine(path, newest) for path, newest in rows]


def find_received(db: Session, viewer: Viewer, path_id: str) -> ReceivedLine:
    """Return a path that one of the viewer's regions has received.

    Raises:
        NotFoundError: there is none.
    """
    row = db.execute(_newest().where(ReceivedPath.id == path_id, may_see_received(viewer))).one_or_none()
    if row is None:
        raise NotFoundError(what="learning path", key=path_id)
    return ReceivedLine(*row)


def list_versions(db: Session, path_id: str) -> Sequence[ReceivedPathVersion]:
    """Return the versions of a received path, the newest first."""
    query = select(ReceivedPathVersion).where(ReceivedPathVersion.path_id == path_id)
    return db.scalars(query.order_by(ReceivedPathVersion.number.desc())).all()


def versions_of(db: Session, region_id: str, origin: str) -> Sequence[ReceivedPathVersion]:
    """Return the versions of a path that a region has received, the newest first."""
    query = select(ReceivedPathVersion).join(ReceivedPath, ReceivedPath.id == ReceivedPathVersion.path_id)
    here = ReceivedPath.region_id == region_id, ReceivedPath.origin == origin
    return db.scalars(query.where(*here).order_by(ReceivedPathVersion.number.desc())).all()


def count_bytes(db: Session, region_id: str, address: str) -> int:
    """Return how much of what a region has received of another one is kept, the same content once."""
    query = select(ReceivedPart.digest, ReceivedPart.size_bytes).distinct()
    query = query.join(ReceivedPathVersion, ReceivedPathVersion.id == ReceivedPart.version_id)
    query = query.join(ReceivedPath, ReceivedPath.id == ReceivedPathVersion.path_id)
    parts = query.where(ReceivedPath.region_id == region_id, ReceivedPath.address == address).subquery()
    return int(db.scalar(select(func.sum(parts.c.size_bytes))) or 0)


def open_path(db: Session, region_id: str, origin: str, *, address: str, region_name: str, now: datetime) -> str:
    """Return the id of the path that a region receives, made where it is the first time; nobody else adds to it now."""
    new = ReceivedPath(region_id=region_id, origin=origin, address=address, region_name=region_name, created_at=now)
    insert_if_new(db, new, unique=("region_id", "origin"))
    here = ReceivedPath.region_id == region_id, ReceivedPath.origin == origin
    path = db.scalars(select(ReceivedPath).where(*here).with_for_update()).one()
    path.region_name = region_name
    return path.id


def add_version(db: Session, version: ReceivedPathVersion, parts: Mapping[str, int]) -> ReceivedPathVersion:
    """Add a version.

    Args:
        parts: the size in bytes of all that it takes, by SHA-256.
    """
    db.add(version)
    db.flush()
    rows = [{"version_id": version.id, "digest": digest, "size_bytes": size} for digest, size in parts.items()]
    db.execute(insert(ReceivedPart), rows)
    return version


def _newest() -> Select[ReceivedPath, ReceivedPathVersion]:
    last = select(func.max(ReceivedPathVersion.number)).where(ReceivedPathVersion.path_id == ReceivedPath.id)
    newest = ReceivedPathVersion.number == last.correlate(ReceivedPath).scalar_subquery()
    joined = (ReceivedPathVersion.path_id == ReceivedPath.id) & newest
    return select(ReceivedPath, ReceivedPathVersion).join(ReceivedPathVersion, joined)
