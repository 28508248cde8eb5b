"""Keep when what must happen by itself was last seen to happen, so that others can tell that it stopped."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import String, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.db import Base

SCHEDULER: Final = "scheduler"
BACKUP: Final = "backup"
WORKER: Final = "worker"
SILENCE: Final = timedelta(minutes=3)
"""How long a process may be silent before it counts as gone."""


class Heartbeat(Base, kw_only=True):
    """The last sign of life of the processes of one kind, or the last time something was done."""

    __tablename__ = "heartbeat"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    seen_at: Mapped[datetime]


def beat(db: Session, name: str, now: datetime) -> None:
    """Note a sign of life; two in one instant wait for one another."""
    seen = update(Heartbeat).where(Heartbeat.name == name).values(seen_at=now).returning(Heartbeat.name)
    if db.scalar(seen) is None:
        db.add(Heartbeat(name=name, seen_at=now))
        db.flush()


def silence_of(db: Session, name: str, now: datetime) -> timedelta | None:
    """Return for how long nothing was seen; None where nothing ever was."""
    row = db.get(Heartbeat, name)
    return now - row.seen_at if row else None
