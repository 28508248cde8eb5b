"""Keep when each process that works on its own was last seen, so that others can tell that it is gone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import String, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.db import Base

SCHEDULER: Final = "scheduler"
SILENCE: Final = timedelta(minutes=3)
"""How long a process may be silent before it counts as gone."""


class Heartbeat(Base, kw_only=True):
    """The last sign of life of the processes of one kind."""

    __tablename__ = "heartbeat"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    seen_at: Mapped[datetime]


def beat(db: Session, name: str, now: datetime) -> None:
    """Note that a process lives; two that do so in one instant wait for one another."""
    seen = update(Heartbeat).where(Heartbeat.name == name).values(seen_at=now).returning(Heartbeat.name)
    if db.scalar(seen) is None:
        db.add(Heartbeat(name=name, seen_at=now))
        db.flush()


def silence_of(db: Session, name: str, now: datetime) -> timedelta | None:
    """Return how long nothing was seen of a process; None where it never was."""
    row = db.get(Heartbeat, name)
    return now - row.seen_at if row else None
