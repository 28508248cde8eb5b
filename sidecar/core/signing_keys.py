"""Keep our own signing keys: next, active and retired; the private part is encrypted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Index, String, or_, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.db import Base, JsonValue, Sealed
from sidecar.errors import NotFoundError

OVERLAP = timedelta(days=2)
"""How long a key is published before it signs.

Our key set may be kept for an hour (its Cache-Control). Moodle keeps it longer, but fetches it again as soon as a
signature fails; other platforms may keep it for a day whatever we say, and one that was down or whose proxy caches gets
a second day.
"""

STAYS_PUBLISHED = timedelta(days=7)
"""How long a retired key is still published: longer than any platform may cache our key set."""

_IN_USE = text("state <> 'retired'")


class SigningKey(Base, kw_only=True):
    """A signing key of the tool: `next`, `active` or `retired`; of the first two there is at most one each.

    `public` is the JSON Web Key that platforms fetch; `private` the sealed PEM, empty once the key is retired. A key
    with `revoked_at` is retired and no longer published.
    """

    __tablename__ = "signing_key"
    __table_args__ = (
        Index("uq_signing_key_state_in_use", "state", unique=True, sqlite_where=_IN_USE, postgresql_where=_IN_USE),
    )

    kid: Mapped[str] = mapped_column(String(64), primary_key=True)
    state: Mapped[str] = mapped_column(String(10))
    private: Mapped[Sealed] = mapped_column(repr=False)
    public: Mapped[JsonValue] = mapped_column()
    created_at: Mapped[datetime]
    activated_at: Mapped[datetime | None] = mapped_column(default=None)
    retired_at: Mapped[datetime | None] = mapped_column(default=None)
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)


def list_keys(db: Session) -> Sequence[SigningKey]:
    """Return every key, the newest first."""
    return db.scalars(select(SigningKey).order_by(SigningKey.created_at.desc(), SigningKey.kid)).all()


def published_keys(db: Session, now: datetime) -> Sequence[SigningKey]:
    """Return the keys that platforms may meet: next, active, and those retired not long ago."""
    recent = or_(SigningKey.retired_at.is_(None), SigningKey.retired_at > now - STAYS_PUBLISHED)
    query = select(SigningKey).where(recent, SigningKey.revoked_at.is_(None))
    return db.scalars(query.order_by(SigningKey.created_at, SigningKey.kid)).all()


def active_key(db: Session) -> SigningKey | None:
    """Return the key that signs, or None before the first one is made."""
    return _in_state(db, "active")


def next_key(db: Session) -> SigningKey | None:
    """Return the key that is published for its later use, or None before the first one is made."""
    return _in_state(db, "next")


def find_key(db: Session, kid: str) -> SigningKey:
    """Return the key of this id.

    Raises:
        NotFoundError: there is none.
    """
    key = db.get(SigningKey, kid)
    if key is None:
        raise NotFoundError(what="key", key=kid)
    return key


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


def retire(db: Session, kid: str, now: datetime) -> bool:
    """Retire a key that is in use and wipe its private part: it never signs again.

    Returns:
        False where another process has just retired it: of two at the same time one gets True.
    """
    claim = (
        update(SigningKey)
        .where(SigningKey.kid == kid, SigningKey.state != "retired")
        .values(state="retired", retired_at=now, private=b"")
        .returning(SigningKey.kid)
    )
    return db.scalar(claim) is not None


def revoke(db: Session, key: SigningKey, now: datetime) -> None:
    """Publish a key no longer, whatever its state; it must be retired by then."""
    key.revoked_at = key.revoked_at or now
    db.flush()


def activate_next(db: Session, now: datetime) -> SigningKey:
    """Let the next key sign, and wipe what was left of retired ones; it must exist, and none be active."""
    key = db.scalars(select(SigningKey).where(SigningKey.state == "next")).one()
    key.state, key.activated_at = "active", now
    db.execute(update(SigningKey).where(SigningKey.state == "retired").values(private=b""))
    db.flush()
    return key


def _in_state(db: Session, state: str) -> SigningKey | None:
    return db.scalar(select(SigningKey).where(SigningKey.state == state))
