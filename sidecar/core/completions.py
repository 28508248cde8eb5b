"""Keep completions: who completed what, when, with which result."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from sidecar.core.db import Base, Id, Key, new_id


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
