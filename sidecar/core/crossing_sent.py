"""Keep what other regions were told of completions, what is yet to be told, and what they answered to each.

A row is one completion told about one employee of theirs, and its id is what the record is called on both sides.
`record` is what is yet to be told: it is cleared once the other side has answered, so that a kill in between sends
it again, and the same revision has one effect there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import JSON, ColumnElement, ForeignKey, Index, String, and_, func, null, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.completions import Completion
from sidecar.core.crossing_records import ERASED, REF_CHARACTERS
from sidecar.core.data_subjects import DataSubject
from sidecar.core.db import Base, Id, JsonValue, Key, new_id

UNANSWERED: Final = "unanswered"
COUNTED: Final = "counted"
WAITING: Final = "waiting"
REFUSED: Final = "refused"
EXPIRED: Final = "expired"
WITHDRAWN: Final = "withdrawn"
REMOVED: Final = "removed"
ANSWERS: Final = (COUNTED, WAITING, REFUSED, EXPIRED, WITHDRAWN, REMOVED)
"""What another region says became of a record."""

KEPT: Final = timedelta(days=365)
"""How long the row of a record is kept that was removed on both sides; it says nothing of anybody any more."""


class CrossingSent(Base, kw_only=True):
    """A completion as another region is told of it.

    Attributes:
        completion_id, employee_ref: None once the person is erased.
        revision: of what was said last, from 1; `digest`: of its content, None where it takes back what was said.
        record: what is yet to be told; None where the other side has answered.
        state: unanswered, or what the other side says became of it; `code`: why it was refused.
        answered_at: when the other side answered last.
    """

    __tablename__ = "crossing_sent"
    __table_args__ = (
        Index("uq_crossing_sent_of_employee", "completion_id", "peer_id", "org_number", "employee_ref", unique=True),
        Index("ix_crossing_sent_peer_id_org_number_id", "peer_id", "org_number", "id"),
    )

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    peer_id: Mapped[Id] = mapped_column(ForeignKey("peer.id"))
    org_number: Mapped[str] = mapped_column(String(9))
    completion_id: Mapped[Id | None] = mapped_column(ForeignKey("completion.id"), default=None)
    employee_ref: Mapped[str | None] = mapped_column(String(REF_CHARACTERS), default=None, repr=False)
    revision: Mapped[int] = mapped_column(default=1)
    digest: Mapped[str | None] = mapped_column(String(64), default=None)
    record: Mapped[JsonValue | None] = mapped_column(JSON(none_as_null=True), default=None, repr=False)
    state: Mapped[str] = mapped_column(String(12), default=UNANSWERED)
    code: Mapped[str | None] = mapped_column(String(60), default=None)
    written_at: Mapped[datetime]
    answered_at: Mapped[datetime | None] = mapped_column(default=None, index=True)


class Waiting(NamedTuple):
    """A record that is yet to be told."""

    id: str
    revision: int
    record: dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What the other region says became of one revision of a record."""

    record_id: str
    revision: int
    state: str
    code: str | None = None


def is_to_tell() -> ColumnElement[bool]:
    """Return the condition that something of a row is yet to be told."""
    return CrossingSent.record.is_not(null())


def list_to_tell(db: Session, peer_id: str, org_number: str, after: str, limit: int) -> list[Waiting]:
    """Return some of what a peer is yet to be told about an employer's people, behind an id, in the order of ids."""
    about = CrossingSent.peer_id == peer_id, CrossingSent.org_number == org_number, CrossingSent.id > after
    query = select(CrossingSent.id, CrossingSent.revision, CrossingSent.record).where(*about, is_to_tell())
    return [Waiting._make(row) for row in db.execute(query.order_by(CrossingSent.id).limit(limit))]


def note_answers(db: Session, peer_id: str, answers: Sequence[Answer], now: datetime) -> int:
    """Note what a peer says became of records; an answer to what is not its own or not the newest changes nothing.

    Returns:
        How many of the answers were to something that stands so.
    """
    query = select(CrossingSent.id, CrossingSent.revision).where(CrossingSent.peer_id == peer_id)
    theirs = query.where(CrossingSent.id.in_([one.record_id for one in answers])).with_for_update()
    newest = {row.id: row.revision for row in db.execute(theirs)}
    noted = {one.record_id: one for one in answers if newest.get(one.record_id) == one.revision}
    rows: list[dict[str, Any]] = [
        {"id": key, "state": one.state, "code": one.code, "answered_at": now, "record": None}
        for key, one in noted.items()
    ]
    if rows:
        db.execute(update(CrossingSent), rows)
    db.flush()
    return len(rows)


def count_by_state(db: Session, peer_id: str, org_number: str) -> dict[str, int]:
    """Return how many records about an employer's people stand how; those yet to be told are unanswered."""
    about = CrossingSent.peer_id == peer_id, CrossingSent.org_number == org_number
    query = select(CrossingSent.state, func.count().label("number")).where(*about).group_by(CrossingSent.state)
    return {row.state: row.number for row in db.execute(query)}


def forget_of(db: Session, subject: DataSubject, now: datetime) -> int:
    """Take out who somebody was, and let every region that was told of them be told to remove it; return how many.

    Call it before anything of their completions goes.
    """
    mine = select(Completion.id).where(Completion.person_id.in_(subject.person_ids))
    theirs = CrossingSent.completion_id.in_(mine)
    bare = {
        "completion_id": None,
        "employee_ref": None,
        "digest": None,
        "record": {"status": ERASED},
        "revision": CrossingSent.revision + 1,
        "written_at": now,
    }
    told = update(CrossingSent).where(theirs).values(bare).returning(CrossingSent.id)
    gone = db.scalars(told.execution_options(synchronize_session=False)).all()
    db.expire_all()
    return len(gone)


def is_old(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a record was removed on both sides long ago."""
    return and_(CrossingSent.completion_id.is_(None), ~is_to_tell(), CrossingSent.answered_at < now - KEPT)
