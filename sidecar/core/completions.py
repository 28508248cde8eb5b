"""Keep completions: who has completed what, in each cycle; `sidecar.core.settling` reckons them from the evidence."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from sidecar.core.db import Base, Id, Key, new_id
from sidecar.core.validity import RENEWAL_DAYS


class Completion(Base, kw_only=True):
    """A person's completion of a course, in one cycle: the earliest valid evidence counts, with the best score.

    Attributes:
        version_id: of the evidence that counts; None where it was not earned here. `identity_id`: likewise.
        origin: of the evidence that counts: player, lms, file or manual.
        completed_on: the day of `completed_at` in Europe/Oslo.
        valid_until: the last day on which it is valid; None: for good.
        validity_months, validity_window, renewal_days: the course's rule when it was reckoned, which stays its own; see
            `sidecar.core.validity`.
        score: scaled 0..1, or None where the course has none.
        withdrawn_at: since when no evidence of it is valid, or since when it is one with another.
    """

    __tablename__ = "completion"
    __table_args__ = (
        Index("ix_completion_person_id_course_id", "person_id", "course_id"),
        Index("ix_completion_course_id_person_id", "course_id", "person_id"),
    )

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    person_id: Mapped[Id] = mapped_column(ForeignKey("person.id"))
    course_id: Mapped[Id] = mapped_column(ForeignKey("course.id"))
    version_id: Mapped[Id | None] = mapped_column(ForeignKey("course_version.id"), default=None)
    identity_id: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None)
    origin: Mapped[str] = mapped_column(String(20))
    completed_at: Mapped[datetime] = mapped_column(index=True)
    completed_on: Mapped[date] = mapped_column(index=True)
    valid_until: Mapped[date | None] = mapped_column(default=None)
    validity_months: Mapped[int | None] = mapped_column(default=None)
    validity_window: Mapped[str | None] = mapped_column(String(5), default=None)
    renewal_days: Mapped[int] = mapped_column(default=RENEWAL_DAYS, server_default=str(RENEWAL_DAYS))
    score: Mapped[float | None] = mapped_column(default=None)
    recorded_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None] = mapped_column(default=None)
