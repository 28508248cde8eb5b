"""Keep attempts: a learner's run through one course version, and all that the package said."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sidecar.core.db import Base, Id, JsonValue, Key, new_id


class Attempt(Base, kw_only=True):
    """An attempt; `state` is open, completed or failed; `seq` the last acknowledged commit."""

    __tablename__ = "attempt"
    __table_args__ = (UniqueConstraint("identity_id", "course_id", "number"),)

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    identity_id: Mapped[Id] = mapped_column(ForeignKey("identity.id"))
    course_id: Mapped[Id] = mapped_column(ForeignKey("course.id"))
    version_id: Mapped[Id] = mapped_column(ForeignKey("course_version.id"))
    number: Mapped[int]
    state: Mapped[str] = mapped_column(String(10), default="open")
    seq: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime]
    saved_at: Mapped[datetime | None] = mapped_column(default=None)
    finished_at: Mapped[datetime | None] = mapped_column(default=None)


class ScoState(Base, kw_only=True):
    """What one SCO of an attempt has set: `{element: value}`, all strings."""

    __tablename__ = "sco_state"

    attempt_id: Mapped[Key] = mapped_column(ForeignKey("attempt.id"))
    sco_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    elements: Mapped[JsonValue]
    saved_at: Mapped[datetime]


class Commit(Base, kw_only=True):
    """The trail: one acknowledged commit and what it changed."""

    __tablename__ = "attempt_commit"

    attempt_id: Mapped[Key] = mapped_column(ForeignKey("attempt.id"))
    seq: Mapped[int] = mapped_column(primary_key=True)
    sco_id: Mapped[str] = mapped_column(String(255))
    changes: Mapped[JsonValue]
    received_at: Mapped[datetime]
