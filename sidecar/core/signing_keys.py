"""Keep our own signing keys: next, active and retired; the private part is encrypted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Index, LargeBinary, String, or_, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.db import Base, JsonValue

STAYS_PUBLISHED = timedelta(days=7)
"""How long a retired key is still published: longer than any platform may cache our key set."""

_IN_USE = text("state <> 'retired'")


class SigningKey(Base, kw_only=True):
    """A signing key of the tool: `next`, `active` or `retired`; of the first two there is at most one each.

    `public` is the JSON Web Key that platforms fetch; `private` the sealed PEM.
    """

    __tablename__ = "signing_key"
    __table_args__ = (
        Index("uq_signing_key_state_in_use", "state", unique=True, sqlite_where=_IN_USE, postgresql_where=_IN_USE),
    )

    kid: Mapped[str] = mapped_column(String(64), primary_key=True)
    state: Mapped[str] = mapped_column(String(10))
    private: Mapped[bytes] = mapped_column(LargeBinary, repr=False)
    public: Mapped[JsonValue] = mapped_column()
    created_at: Mapped[datetime]
    activated_at: Mapped[datetime | None] = mapped_column(default=None)
    retired_at: Mapped[datetime | None] = mapped_column(default=None)


def list_keys(db: Session) -> Sequence[SigningKey]:
    """Return every key, the newest first."""
    return db.scalars(select(SigningKey).order_by(SigningKey.created_at.desc(), SigningKey.kid)).all()


def published_keys(db: Session, now: datetime) -> Sequence[SigningKey]:
    """Return the keys that platforms may meet: next, active, and those retired not long ago."""
    recent = or_(SigningKey.retired_at.is_(None), SigningKey.retired_at > now - STAYS_PUBLISHED)
    return db.scalars(select(SigningKey).where(recent).order_by(SigningKey.created_at, SigningKey.kid)).all()


def active_key(db: Session) -> SigningKey | None:
    """Return the key that signs, or None before the first one is made."""
    return db.scalar(select(SigningKey).where(SigningKey.state == "active"))


def add_key(db: Session, kid: str, *, state: str, private: bytes, public: JsonValue, now: datetime) -> SigningKey:
    """Add a key.

    Args:
        state: `next` or `active`.
        private: sealed.

    Raises:
        sqlalchemy.exc.IntegrityError: another process has just made the key of this state.
    """
    activated_at = now if state == "active" else None
    key = SigningKey(kid=kid, state=state, private=private, public=public, created_at=now, activated_at=activated_at)
    db.add(key)
    db.flush()
    return key


def promote_next(db: Session, now: datetime) -> SigningKey:
    """Retire the active key and let the next one sign; both must exist.

    Returns:
        The key that now signs.
    """
    keys = {key.state: key for key in db.scalars(select(SigningKey).where(SigningKey.state != "retired"))}
    keys["active"].state, keys["active"].retired_at = "retired", now
    db.flush()
    keys["next"].state, keys["next"].activated_at = "active", now
    db.flush()
    return keys["next"]
