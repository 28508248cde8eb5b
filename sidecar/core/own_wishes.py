"""Keep what learners ask for about themselves: that an employer may see more, and that they be erased."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sidecar.core.db import Base, Id, Key, new_id


class SharingConsent(Base, kw_only=True):
    """A learner's leave that an employer sees a course they completed before they worked there.

    `identity_id`: the account that gave it, by which it is known whose it is where two people were taken for one.
    """

    __tablename__ = "sharing_consent"
    __table_args__ = (UniqueConstraint("person_id", "municipality_id", "course_id"),)

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    person_id: Mapped[Id] = mapped_column(ForeignKey("person.id"))
    municipality_id: Mapped[Id] = mapped_column(ForeignKey("municipality.id"))
    course_id: Mapped[Id] = mapped_column(ForeignKey("course.id"))
    given_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None] = mapped_column(default=None)
    identity_id: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None)


class ErasureRequest(Base, kw_only=True):
    """A learner's wish to be erased; the municipality decides, whoever answers says `done` or `refused`, and why."""

    __tablename__ = "erasure_request"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    identity_id: Mapped[Id] = mapped_column(ForeignKey("identity.id"), index=True)
    asked_at: Mapped[datetime]
    outcome: Mapped[str | None] = mapped_column(String(10), default=None)
    reason: Mapped[str | None] = mapped_column(String(1000), default=None)
    answered_by: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None)
    answered_at: Mapped[datetime | None] = mapped_column(default=None)
