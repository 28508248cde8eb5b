"""Keep grades: what each line item of an LMS was told of a learner's result."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sidecar.core.db import Base, Id, Key, new_id


class Grade(Base, kw_only=True):
    """The grade of one identity on one link of an LMS.

    `state`: not-asked-for (no line item), waiting, sent, failed. `score` is the best result, scaled 0..1, or None
    where the course has no score (the maximum is sent); `sent_score` what the LMS has acknowledged.
    """

    __tablename__ = "grade"
    __table_args__ = (UniqueConstraint("platform_id", "resource_link_id", "deployment_id", "identity_id"),)

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    identity_id: Mapped[Id] = mapped_column(ForeignKey("identity.id"), index=True)
    platform_id: Mapped[Id] = mapped_column(ForeignKey("platform.id"))
    deployment_id: Mapped[str] = mapped_column(String(255))
    resource_link_id: Mapped[str] = mapped_column(String(255))
    course_id: Mapped[Id] = mapped_column(ForeignKey("course.id"))
    completion_id: Mapped[Id] = mapped_column(ForeignKey("completion.id"))
    lineitem_url: Mapped[str | None] = mapped_column(Text, default=None)
    score: Mapped[float | None] = mapped_column(default=None)
    state: Mapped[str] = mapped_column(String(20))
    sent_score: Mapped[float | None] = mapped_column(default=None)
    sent_at: Mapped[datetime | None] = mapped_column(default=None)
    error_code: Mapped[str | None] = mapped_column(String(60), default=None)
