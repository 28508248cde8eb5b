"""Keep the gradebook columns that we made ourselves in LMSs, one for each link and course."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, ForeignKey, String, Text, and_, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.db import Base, Id, Key
from sidecar.core.statements import upsert

LEASE: Final = timedelta(seconds=30)
"""How long a claim to make a column holds after it was made or renewed: shorter than that of the job that makes it."""


class MadeLineItem(Base, kw_only=True):
    """A column for a link that brought none; `url` is None till it is found or made.

    `claimed_until`: a job is at it. Whoever claims looks in the LMS before making one: the job before may have been
    killed between the making and the writing down.
    """

    __tablename__ = "made_line_item"

    platform_id: Mapped[Key] = mapped_column(ForeignKey("platform.id"))
    deployment_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    resource_link_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    course_id: Mapped[Id] = mapped_column(ForeignKey("course.id"), primary_key=True)
    url: Mapped[str | None] = mapped_column(Text, default=None)
    claimed_until: Mapped[datetime | None] = mapped_column(default=None)
    made_at: Mapped[datetime | None] = mapped_column(default=None)


@dataclass(frozen=True)
class Place:
    """Where a column belongs: a link of an LMS, and the course it grades."""

    platform_id: str
    deployment_id: str
    resource_link_id: str
    course_id: str


def find_url(db: Session, place: Place) -> str | None:
    """Return the address of the column we made there, or None."""
    return db.scalar(select(MadeLineItem.url).where(_is_at(place)))


def claim(db: Session, place: Place, now: datetime) -> bool:
    """Claim the making of a column; False where another job is at it, or it is made."""
    values = asdict(place)
    db.execute(upsert(db, MadeLineItem).values(values).on_conflict_do_nothing(index_elements=list(values)))
    is_free = or_(MadeLineItem.claimed_until.is_(None), MadeLineItem.claimed_until <= now)
    ours = update(MadeLineItem).where(_is_at(place), MadeLineItem.url.is_(None), is_free)
    claimed = ours.values(claimed_until=now + LEASE).returning(MadeLineItem.platform_id)
    return db.scalar(claimed.execution_options(synchronize_session=False)) is not None


def renew(db: Session, place: Place, now: datetime) -> bool:
    """Let a claim hold on; tell whether it is still there."""
    held = update(MadeLineItem).where(_is_at(place), MadeLineItem.claimed_until.is_not(None))
    kept = held.values(claimed_until=now + LEASE).returning(MadeLineItem.platform_id)
    return db.scalar(kept.execution_options(synchronize_session=False)) is not None


def record(db: Session, place: Place, url: str, now: datetime) -> None:
    """Write down where the column is; everybody's grade on the link goes there from now on."""
    db.execute(update(MadeLineItem).where(_is_at(place)).values(url=url, claimed_until=None, made_at=now))


def let_go(db: Session, place: Place) -> None:
    """Let another try, since it did not work out this time."""
    db.execute(update(MadeLineItem).where(_is_at(place)).values(claimed_until=None))


def _is_at(place: Place) -> ColumnElement[bool]:
    return and_(*(getattr(MadeLineItem, name) == value for name, value in asdict(place).items()))
