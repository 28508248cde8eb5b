"""Keep notices: what is wrong with the installation, since when, and who was told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ForeignKey, Index, String, Text, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.access import Viewer
from sidecar.core.db import Base, Id, JsonValue, Key, new_id

CALM: Final = timedelta(minutes=5)
"""How long a thing must have been well before its notice ends, so that one that flickers makes no heap of mails."""

OF_COURSES: Final = "course-"
"""How the codes begin of what concerns a course; its key is a fact of each, so that pages and mails lead there."""

OF_SOURCES: Final = "source-"
"""How the codes begin of what concerns a source of people or completions; its key is a fact of each likewise."""

_OPEN = text("ended_at IS NULL")


class Notice(Base, kw_only=True):
    """One thing that is, or was, wrong.

    `code` and `subject` name it; of each pair at most one is open. `template` and `facts` are its text in English, to
    be said in the reader's language. `municipality_id` is whose staff see it beside the operators.
    """

    __tablename__ = "notice"
    __table_args__ = (
        Index(
            "uq_notice_code_subject_open", "code", "subject", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN
        ),
    )

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    code: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(64), default="")
    municipality_id: Mapped[Id | None] = mapped_column(ForeignKey("municipality.id"), default=None)
    template: Mapped[str] = mapped_column(Text)
    facts: Mapped[JsonValue] = mapped_column(default_factory=dict)
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
    mailed_at: Mapped[datetime | None] = mapped_column(default=None)


@dataclass(frozen=True)
class Observation:
    """What is wrong just now; `subject` tells things of the same code apart."""

    code: str
    template: str
    facts: dict[str, str | int] = field(default_factory=dict)
    subject: str = ""
    municipality_id: str | None = None


@dataclass(frozen=True)
class Turn:
    """What one look at everything changed."""

    begun: list[Notice]
    ended: list[Notice]


def settle(db: Session, observed: Iterable[Observation], now: datetime) -> Turn:
    """Begin, go on with and end notices, so that the open ones are what was observed.

    The caller holds a lock that lets one process after the other do this: a second look in the same instant then
    finds everything settled.
    """
    open_ones = {(one.code, one.subject): one for one in list_open(db)}
    begun = []
    for seen in observed:
        known = open_ones.pop((seen.code, seen.subject), None)
        if known is None:
            begun.append(_begin(db, seen, now))
        else:
            known.facts, known.template, known.last_seen_at = seen.facts, seen.template, now
    ended = [one for one in open_ones.values() if now - one.last_seen_at >= CALM]
    for one in ended:
        one.ended_at = now
    db.flush()
    return Turn(begun, ended)


def _begin(db: Session, seen: Observation, now: datetime) -> Notice:
    notice = Notice(
        code=seen.code,
        subject=seen.subject,
        municipality_id=seen.municipality_id,
        template=seen.template,
        facts=seen.facts,
        first_seen_at=now,
        last_seen_at=now,
    )
    db.add(notice)
    return notice


def list_open(db: Session) -> Sequence[Notice]:
    """Return what is wrong now, the oldest first."""
    query = select(Notice).where(Notice.ended_at.is_(None))
    return db.scalars(query.order_by(Notice.first_seen_at, Notice.id)).all()


def list_for(db: Session, viewer: Viewer) -> Sequence[Notice]:
    """Return what is wrong now: everything for operators, for others what concerns their municipalities or courses."""
    return [one for one in list_open(db) if viewer.everything or _concerns(viewer, one)]


def _concerns(viewer: Viewer, notice: Notice) -> bool:
    if notice.code.startswith(OF_COURSES):
        return viewer.may_change_courses_of(notice.municipality_id)
    return bool(notice.municipality_id and viewer.sees_municipality(notice.municipality_id))
