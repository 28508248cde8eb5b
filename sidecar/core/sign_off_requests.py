"""Keep the wishes of learners that a task of a learning path is signed off."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, ForeignKey, Select, UniqueConstraint, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.access import Viewer, may_see_employment
from sidecar.core.db import Base, Id, Key, new_id
from sidecar.core.people import Employment, is_employed
from sidecar.core.second_person import list_own_people

KEPT: Final = timedelta(days=365)
"""How long a wish stands that nobody answers."""


class SignOffRequest(Base, kw_only=True):
    """Somebody's wish that a task of theirs is signed off, till it is; `identity_id`: the account that asked."""

    __tablename__ = "sign_off_request"
    __table_args__ = (UniqueConstraint("person_id", "course_id"),)

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    person_id: Mapped[Id] = mapped_column(ForeignKey("person.id"))
    course_id: Mapped[Id] = mapped_column(ForeignKey("course.id"), index=True)
    asked_at: Mapped[datetime]
    identity_id: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None, index=True)


def count_asked(db: Session, viewer: Viewer, today: date) -> int:
    """Return how many wishes of the viewer's people wait, their own left out."""
    others = SignOffRequest.person_id.not_in(list_own_people(db, viewer))
    query = select(func.count(SignOffRequest.id.distinct())).select_from(SignOffRequest)
    return db.scalar(_of_seen(query, viewer, today).where(others)) or 0


def count_by_task(db: Session, viewer: Viewer, today: date) -> Mapping[str, Mapping[str, int]]:
    """Return how many of the viewer's people ask, by the id of the task's course and of the municipality."""
    place = SignOffRequest.course_id, Employment.municipality_id
    query = select(*place, func.count(SignOffRequest.id.distinct()))
    found = defaultdict[str, dict[str, int]](dict)
    for course_id, municipality_id, count in db.execute(_of_seen(query, viewer, today).group_by(*place)):
        found[course_id][municipality_id] = count
    return found


def _of_seen(query: Select[*tuple[Any, ...]], viewer: Viewer, today: date) -> Select[*tuple[Any, ...]]:
    works = query.join(Employment, Employment.person_id == SignOffRequest.person_id)
    return works.where(may_see_employment(viewer), is_employed(today))


def list_asked(db: Session, person_id: str | None) -> Mapping[str, datetime]:
    """Return when somebody asked, by the id of the task's course."""
    query = select(SignOffRequest.course_id, SignOffRequest.asked_at).where(SignOffRequest.person_id == person_id)
    return dict(db.execute(query).all())


def forget(db: Session, person_ids: Collection[str], course_id: str | None = None) -> None:
    """Remove the wishes of these people; of one task where it is named."""
    theirs = delete(SignOffRequest).where(SignOffRequest.person_id.in_(person_ids))
    db.execute(theirs if course_id is None else theirs.where(SignOffRequest.course_id == course_id))


def is_old(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a wish has stood long enough."""
    return SignOffRequest.asked_at < now - KEPT
