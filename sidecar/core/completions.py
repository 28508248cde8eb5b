"""Keep completions: who completed what, when, with which result."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.attempts import Attempt
from sidecar.core.db import Base, Id, Key, new_id
from sidecar.core.periods import day_of


class Completion(Base, kw_only=True):
    """One completed attempt; it follows the identity's person to every employer.

    `score` is scaled 0..1, or None where the course has no score. `source` names where it was completed.
    """

    __tablename__ = "completion"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    identity_id: Mapped[Id] = mapped_column(ForeignKey("identity.id"), index=True)
    course_id: Mapped[Id] = mapped_column(ForeignKey("course.id"))
    version_id: Mapped[Id] = mapped_column(ForeignKey("course_version.id"))
    attempt_id: Mapped[Id] = mapped_column(ForeignKey("attempt.id"), unique=True)
    score: Mapped[float | None] = mapped_column(default=None)
    source: Mapped[str] = mapped_column(String(20), default="player")
    completed_at: Mapped[datetime] = mapped_column(index=True)
    recorded_at: Mapped[datetime]


def record(db: Session, attempt: Attempt, score: float | None, now: datetime) -> Completion:
    """Record that an attempt is complete; a second time only a better score changes it, never the time.

    Args:
        score: scaled 0..1, or None where the course gave none (yet).
        now: the server's clock; it becomes `completed_at`.
    """
    found = find_completion(db, attempt.id)
    if found is None:
        found = Completion(
            identity_id=attempt.identity_id,
            course_id=attempt.course_id,
            version_id=attempt.version_id,
            attempt_id=attempt.id,
            score=score,
            completed_at=now,
            recorded_at=now,
        )
        db.add(found)
    elif score is not None and (found.score is None or score > found.score):
        found.score = score
    db.flush()
    return found


def counts_for(completed_at: datetime, ended_on: date | None) -> bool:
    """Tell whether a completion counts for an employment: it does where that had not ended by then (Europe/Oslo)."""
    return ended_on is None or day_of(completed_at) <= ended_on


def find_completion(db: Session, attempt_id: str) -> Completion | None:
    """Return the completion of an attempt, or None while it is not complete."""
    return db.scalar(select(Completion).where(Completion.attempt_id == attempt_id))
