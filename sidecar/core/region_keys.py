"""Keep the keys by which regions sign what they share: one signs, the former stay known; each is encrypted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.db import Base, Id, JsonValue, Sealed
from sidecar.errors import NotFoundError

_SIGNS = text("retired_at IS NULL")


class RegionKey(Base, kw_only=True):
    """A signing key of a region; at most one of a region signs, the others are retired.

    Attributes:
        kid: the key's thumbprint.
        public: the JSON Web Key that others verify with.
        private: the sealed PEM, empty once the key is retired.
        vouching: `public` signed by the key before it, so that whoever trusts that one may trust this one; None for a
            region's first key, and where the one before was revoked.
        revoked_at: from when on nothing that it signed counts, where it was not seen before.
    """

    __tablename__ = "region_key"
    __table_args__ = (
        Index("uq_region_key_region_id_signs", "region_id", unique=True, sqlite_where=_SIGNS, postgresql_where=_SIGNS),
    )

    kid: Mapped[str] = mapped_column(String(64), primary_key=True)
    region_id: Mapped[Id] = mapped_column(ForeignKey("region.id"), index=True)
    public: Mapped[JsonValue]
    private: Mapped[Sealed] = mapped_column(repr=False)
    vouching: Mapped[str | None] = mapped_column(Text, default=None)
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None] = mapped_column(default=None)
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)

    @property
    def state(self) -> str:
        """How it stands: active (signs), retired (what it signed still counts), revoked."""
        return "revoked" if self.revoked_at else "retired" if self.retired_at else "active"


def list_keys(db: Session, region_id: str | None = None) -> Sequence[RegionKey]:
    """Return every key, of one region or of all, the newest first."""
    query = select(RegionKey).order_by(RegionKey.created_at.desc(), RegionKey.kid)
    return db.scalars(query if region_id is None else query.where(RegionKey.region_id == region_id)).all()


def active_key(db: Session, region_id: str) -> RegionKey | None:
    """Return the key that signs for a region, or None before the first one is made."""
    return db.scalar(select(RegionKey).where(RegionKey.region_id == region_id, RegionKey.retired_at.is_(None)))


def find_key(db: Session, kid: str) -> RegionKey:
    """Return the key of this id.

    Raises:
        NotFoundError: there is none.
    """
    key = db.get(RegionKey, kid)
    if key is None:
        raise NotFoundError(what="key", key=kid[:64])
    return key


def add_key(
    db: Session,
    region_id: str,
    kid: str,
    *,
    private: bytes,
    public: JsonValue,
    now: datetime,
    vouching: str | None = None,
) -> RegionKey:
    """Add the key that signs for a region from now on.

    Args:
        private: sealed.

    Raises:
        sqlalchemy.exc.IntegrityError: another one signs, perhaps made by another process in this instant.
    """
    key = RegionKey(kid=kid, region_id=region_id, public=public, private=private, vouching=vouching, created_at=now)
    db.add(key)
    db.flush()
    return key


def retire(db: Session, kid: str, now: datetime) -> bool:
    """Let a key sign no more, and wipe its private part.

    Returns:
        False where another process has just retired it: of two at the same time one gets True.
    """
    claim = (
        update(RegionKey)
        .where(RegionKey.kid == kid, RegionKey.retired_at.is_(None))
        .values(retired_at=now, private=b"")
        .returning(RegionKey.kid)
    )
    return db.scalar(claim) is not None


def revoke(db: Session, kid: str, at: datetime) -> None:
    """Say from when on nothing that a key signed counts, where it was not seen before; an earlier moment stays."""
    key = find_key(db, kid)
    key.revoked_at = min(key.revoked_at or at, at)
    db.flush()
