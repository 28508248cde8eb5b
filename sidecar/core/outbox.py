"""Keep the outbox: what must happen later, written in the transaction of its cause."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.db import Base, Key, new_id


class OutboxItem(Base, kw_only=True):
    """One thing to do: `kind` names the job, `subject` the row it is about, `key` makes it happen once.

    `state`: waiting, claimed (till `claimed_until`), done, failed.
    """

    __tablename__ = "outbox"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    kind: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(200), unique=True)
    state: Mapped[str] = mapped_column(String(10), default="waiting", index=True)
    next_try_at: Mapped[datetime] = mapped_column(index=True)
    claimed_until: Mapped[datetime | None] = mapped_column(default=None)
    attempts: Mapped[int] = mapped_column(default=0)
    error_code: Mapped[str | None] = mapped_column(String(60), default=None)
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(default=None)


_WRITTEN = "outbox.written"


def put(db: Session, kind: str, subject: str, *, key: str, now: datetime) -> None:
    """Write down what must happen later; a key that exists already changes nothing."""
    if db.scalar(select(OutboxItem.id).where(OutboxItem.key == key)):
        return
    item = OutboxItem(kind=kind, subject=subject, key=key, next_try_at=now, created_at=now)
    db.add(item)
    db.flush()
    db.info.setdefault(_WRITTEN, []).append(item.id)


def take_written(db: Session) -> list[str]:
    """Return, once, the ids of the items this session wrote."""
    written: list[str] = db.info.pop(_WRITTEN, [])
    return written
