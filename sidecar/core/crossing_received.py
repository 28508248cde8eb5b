"""Keep what other regions told of completions: what counts, what waits for an employee, and what was taken back.

Organisation number and employee number must match exactly one employee. What matches nobody waits for `WAITS`, then
nothing of it is kept and its region is told. `tells` marks what the other side does not know of yet.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import (
    JSON,
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    SQLColumnExpression,
    String,
    UniqueConstraint,
    and_,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.access import Viewer
from sidecar.core.courses import Course
from sidecar.core.crossing_records import REF_CHARACTERS
from sidecar.core.crossing_sent import EXPIRED, REFUSED, REMOVED, WAITING, WITHDRAWN, Answer
from sidecar.core.data_subjects import DataSubject
from sidecar.core.db import Base, Id, JsonValue, Key, new_id
from sidecar.core.evidence import Evidence
from sidecar.core.municipalities import Municipality
from sidecar.core.one_way import hash_secret
from sidecar.core.paging import count_pages
from sidecar.core.peers import Peer
from sidecar.core.people import Employment
from sidecar.errors import NotFoundError

MATCHING: Final = "crossing-match"
"""The kind of an outbox item that matches, or gives up, what waits of a peer's records; its subject is the peer."""

ANSWERING: Final = "crossing-answers"
"""The kind of an outbox item that tells a peer what became of its records since it was answered."""

WAITS: Final = timedelta(days=90)
"""How long what matches no employee waits for one."""

KEPT: Final = timedelta(days=365)
"""How long it is known that a record was taken back or removed, so that an older one does not bring it back."""

MOST_WAITING: Final = 20_000
"""Records of one region that wait at once."""

TURNED_DOWN: Final = "turned_down"
PAGE_SIZE: Final = 50
ENDED: Final = (EXPIRED, WITHDRAWN, REMOVED)


class CrossingReceived(Base, kw_only=True):
    """A record of a completion that another region told.

    Attributes:
        record_id: what its region calls it; `revision`: the highest it has said, `digest`: of all that this one says.
        state: counted, waiting, refused (by staff), withdrawn (by its region), expired or removed.
        employee_ref, completed_on: None once nothing of it is kept.
        document: what it says, while it waits; as what counts, the origin of its course; of what staff turned down, a
            hash of employee and course, so that the same does not come back under another name.
        evidence_id: as what it counts.
        code: why it is refused; `decided_by`: the account that matched or refused it.
    """

    __tablename__ = "crossing_received"
    __table_args__ = (
        UniqueConstraint("peer_id", "record_id"),
        Index("ix_crossing_received_municipality_id_employee_ref", "municipality_id", "employee_ref"),
        Index("ix_crossing_received_state_waits_until", "state", "waits_until"),
    )

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    peer_id: Mapped[Id] = mapped_column(ForeignKey("peer.id"))
    record_id: Mapped[str] = mapped_column(String(32))
    revision: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(12))
    municipality_id: Mapped[Id | None] = mapped_column(ForeignKey("municipality.id"), default=None)
    employee_ref: Mapped[str | None] = mapped_column(String(REF_CHARACTERS), default=None, repr=False)
    completed_on: Mapped[date | None] = mapped_column(default=None)
    document: Mapped[JsonValue | None] = mapped_column(JSON(none_as_null=True), default=None, repr=False)
    evidence_id: Mapped[Id | None] = mapped_column(ForeignKey("evidence.id"), default=None, index=True)
    code: Mapped[str | None] = mapped_column(String(60), default=None)
    received_at: Mapped[datetime]
    waits_until: Mapped[datetime | None] = mapped_column(default=None)
    decided_at: Mapped[datetime | None] = mapped_column(default=None)
    decided_by: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None)
    tells: Mapped[bool] = mapped_column(default=False, index=True)

    @property
    def answer(self) -> Answer:
        """What its region is told of it."""
        return Answer(self.record_id, self.revision, self.state, self.code)

    @property
    def origin(self) -> str:
        """The origin of its course, while it waits or counts; else ""."""
        return str((self.document or {}).get("course", {}).get("origin", ""))

    def strip(self) -> None:
        """Keep nothing of what it says, nor about whom."""
        self.employee_ref = self.completed_on = self.waits_until = self.evidence_id = self.document = None


class CrossingLine(NamedTuple):
    """A record as staff see it: one that waits for an employee, or counts for one."""

    received: CrossingReceived
    municipality: Municipality
    region: str
    title: str | None

    @property
    def course(self) -> str:
        """What the course is called, here or, while it waits, there."""
        return self.title or (str(self.received.document["course"]["title"]) if self.received.document else "")


@dataclass(frozen=True)
class CrossingPage:
    """One page of them; `total` counts all."""

    lines: Sequence[CrossingLine]
    total: int
    number: int

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return count_pages(self.total, PAGE_SIZE)


def find_received(db: Session, peer_id: str, record_ids: Collection[str]) -> dict[str, CrossingReceived]:
    """Return what a peer told before of these records, by its own ids, held till the end of the transaction."""
    theirs = CrossingReceived.peer_id == peer_id, CrossingReceived.record_id.in_(record_ids)
    query = select(CrossingReceived).where(*theirs).order_by(CrossingReceived.id).with_for_update()
    return {one.record_id: one for one in db.scalars(query)}


def count_waiting(db: Session, peer_id: str) -> int:
    """Return how many of a peer's records wait for an employee."""
    waits = CrossingReceived.peer_id == peer_id, CrossingReceived.state == WAITING
    return db.scalar(select(func.count(CrossingReceived.id)).where(*waits)) or 0


def mark_of(employee_ref: str, origin: str) -> str:
    """Return the hash by which an employee number and course are known again."""
    return hash_secret(f"{employee_ref} {origin}")


def is_turned_down(db: Session, peer_id: str, municipality_id: str, mark: str) -> bool:
    """Tell whether staff turned down what a peer told of a municipality's employee and course, see `mark_of`."""
    theirs = CrossingReceived.peer_id == peer_id, CrossingReceived.municipality_id == municipality_id
    same = CrossingReceived.state == REFUSED, CrossingReceived.document[TURNED_DOWN].as_string() == mark
    return db.scalar(select(CrossingReceived.id).where(*theirs, *same).limit(1)) is not None


def may_match(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `CrossingReceived`: it is told of employees whom the viewer's office serves."""
    return true() if viewer.everything else CrossingReceived.municipality_id.in_(viewer.rkk_for)


def page_of(db: Session, viewer: Viewer, state: str, number: int = 1) -> CrossingPage:
    """Return a page of what waits, or counts, for employees of the viewer's municipalities.

    Args:
        state: waiting, what came first coming first; or counted, what came last coming first.
    """
    where = CrossingReceived.state == state, may_match(viewer)
    total = db.scalar(select(func.count(CrossingReceived.id)).where(*where)) or 0
    came = CrossingReceived.received_at if state == WAITING else CrossingReceived.received_at.desc()
    query = _lines().where(*where).order_by(came, CrossingReceived.id)
    rows = db.execute(query.limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE))
    return CrossingPage([CrossingLine._make(row) for row in rows], total, number)


def find_line(db: Session, viewer: Viewer, received_id: str, *states: str) -> CrossingLine:
    """Return a record that stands in one of these states, held till the end of the transaction where that writes.

    Raises:
        NotFoundError: there is none that the viewer may match.
    """
    mine = CrossingReceived.id == received_id, CrossingReceived.state.in_(states), may_match(viewer)
    row = db.execute(_lines().where(*mine).with_for_update(of=CrossingReceived)).one_or_none()
    if row is None:
        raise NotFoundError(what="completion", key=received_id[:80])
    return CrossingLine._make(row)


def _lines() -> Select[*tuple[CrossingReceived, Municipality, str, str | None]]:
    query = select(CrossingReceived, Municipality, Peer.name, Course.title)
    query = query.join(Municipality, Municipality.id == CrossingReceived.municipality_id)
    query = query.join(Peer, Peer.id == CrossingReceived.peer_id)
    query = query.outerjoin(Evidence, Evidence.id == CrossingReceived.evidence_id)
    return query.outerjoin(Course, Course.id == Evidence.course_id)


def is_meant(
    municipality_id: SQLColumnExpression[str | None] | str,
    employee_ref: SQLColumnExpression[str | None] | str,
    completed_on: SQLColumnExpression[date | None] | date | None,
) -> ColumnElement[bool]:
    """Return the condition on `Employment` that it is the employee whom a number of a municipality means.

    One who had left before the day of completion is not meant: the number may have gone to them from somebody else.

    Args:
        completed_on: None for staff, who look the employee up, and know of completions after the last day of work.
    """
    here = Employment.municipality_id == municipality_id, Employment.employee_number == employee_ref
    is_here = and_(*here, Employment.erased_at.is_(None))
    if completed_on is None:
        return is_here
    return and_(is_here, or_(Employment.ended_on.is_(None), Employment.ended_on >= completed_on))


def _is_told_of() -> ColumnElement[bool]:
    """Return the condition on what waits and an `Employment` that it is told of this very employee."""
    return is_meant(CrossingReceived.municipality_id, CrossingReceived.employee_ref, CrossingReceived.completed_on)


def list_matchable(db: Session, peer_id: str, limit: int) -> Sequence[tuple[CrossingReceived, str]]:
    """Return some of what waits though its employee is here by now, with their person's id."""
    query = select(CrossingReceived, Employment.person_id).join(Employment, _is_told_of())
    waits = CrossingReceived.peer_id == peer_id, CrossingReceived.state == WAITING
    rows = db.execute(
        query.where(*waits).order_by(CrossingReceived.id).limit(limit).with_for_update(of=CrossingReceived)
    )
    return [(one, person_id) for one, person_id in rows]


def list_overdue(db: Session, peer_id: str, now: datetime, limit: int) -> Sequence[CrossingReceived]:
    """Return some of what has waited long enough."""
    overdue = CrossingReceived.peer_id == peer_id, _is_overdue(now)
    return db.scalars(select(CrossingReceived).where(*overdue).limit(limit).with_for_update()).all()


def list_to_tell(db: Session, peer_id: str, limit: int) -> Sequence[CrossingReceived]:
    """Return some of what a peer does not know of yet."""
    unknown = CrossingReceived.peer_id == peer_id, CrossingReceived.tells.is_(True)
    return db.scalars(select(CrossingReceived).where(*unknown).order_by(CrossingReceived.id).limit(limit)).all()


def list_peers_to_match(db: Session, now: datetime) -> list[str]:
    """Return the peers of whose records some can be matched by now, or have waited long enough."""
    matchable = select(CrossingReceived.peer_id).join(Employment, _is_told_of())
    overdue = select(CrossingReceived.peer_id).where(_is_overdue(now))
    due = matchable.where(CrossingReceived.state == WAITING), overdue
    return sorted({peer_id for query in due for peer_id in db.scalars(query.distinct())})


def list_peers_to_answer(db: Session) -> list[str]:
    """Return the peers that don't know yet how some of their records stand."""
    unknown = select(CrossingReceived.peer_id).where(CrossingReceived.tells.is_(True))
    return sorted(db.scalars(unknown.distinct()))


def note_told(db: Session, told: Sequence[CrossingReceived], answers: Sequence[Answer]) -> None:
    """Note that a peer knows how these stand, unless they stand otherwise by now; what expired is forgotten."""
    for one, said in zip(told, answers, strict=True):
        now_stands = db.get(CrossingReceived, one.id, with_for_update=True, populate_existing=True)
        if now_stands is None or now_stands.answer != said:
            continue
        if now_stands.state == EXPIRED:
            db.delete(now_stands)
        else:
            now_stands.tells = False
    db.flush()


def _is_overdue(now: datetime) -> ColumnElement[bool]:
    return and_(CrossingReceived.state == WAITING, CrossingReceived.waits_until <= now)


def forget_of(db: Session, subject: DataSubject) -> None:
    """Keep of what was told of somebody no more than that it was removed here, and let its regions know.

    Call it while their employee numbers still stand; the evidence itself is the erasure's to see to.
    """
    theirs = select(Evidence.id).where(Evidence.person_id.in_(subject.person_ids))
    work = select(Employment.id).where(Employment.id.in_(subject.employment_ids))
    named = (
        work.where(
            Employment.municipality_id == CrossingReceived.municipality_id,
            Employment.employee_number == CrossingReceived.employee_ref,
        )
        .correlate(CrossingReceived)
        .exists()
    )
    about = or_(CrossingReceived.evidence_id.in_(theirs), named)
    for one in db.scalars(select(CrossingReceived).where(about, CrossingReceived.state.not_in(ENDED))).all():
        one.strip()
        one.state, one.code, one.tells = REMOVED, None, True
    db.flush()


def is_old(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a record ended so long ago that it need not be known any more."""
    return and_(CrossingReceived.state.in_(ENDED), CrossingReceived.received_at < now - KEPT)
