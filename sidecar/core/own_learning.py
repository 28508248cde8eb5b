"""Tell somebody what they have learnt: completed, valid until when, under way, and told to whom.

Whoever asks sees themselves alone: every query is bound by a data subject that `data_subjects.of_identity` has found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from sidecar.core import employer_sight
from sidecar.core.attempts import Attempt
from sidecar.core.change_feed import ChangeEntry, ChangeKnown, ChangePull
from sidecar.core.completions import Completion
from sidecar.core.connections import Connection
from sidecar.core.courses import Course
from sidecar.core.data_subjects import DataSubject
from sidecar.core.deliveries import Delivery, DeliveryItem
from sidecar.core.evidence import Evidence
from sidecar.core.municipalities import Municipality
from sidecar.core.own_wishes import SharingConsent
from sidecar.core.people import Employment, Identity
from sidecar.core.people_sources import Source
from sidecar.core.platforms import Platform
from sidecar.core.validity import Rule

SENT_SHOWN: Final = 200


@dataclass(frozen=True)
class Piece:
    """One record that a course was completed, and what became of it.

    Attributes:
        origin: player, lms, file or manual.
        where: the LMS, or what who entered it says of the place; `municipality`: whose staff entered it; "" for none.
        state: waiting, valid, refused or withdrawn; `reason`: why, where somebody gave one.
        completion_id: of the completion that it counts for, or counted for.
    """

    id: str
    course_id: str
    course: str
    origin: str
    where: str
    municipality: str
    completed_at: datetime
    score: float | None
    state: str
    reason: str
    completion_id: str | None


@dataclass(frozen=True)
class Employer:
    """One employer of the person, and whether it is told of a completion.

    Attributes:
        told_on: from which day on; None where it is not told.
        begins_on: when the work there began, or will begin, after the completion; None where it lasted then.
        needs_leave: it is told if the person agrees, and not else.
        has_leave: the person has agreed.
    """

    municipality_id: str
    municipality: str
    told_on: date | None
    begins_on: date | None
    needs_leave: bool
    has_leave: bool


@dataclass(frozen=True)
class Learned:
    """A completion: one course, in one cycle.

    Attributes:
        renewable_from: from which day on the course may be completed anew; None where it is valid for good.
    """

    id: str
    course_id: str
    course: str
    completed_on: date
    score: float | None
    valid_until: date | None
    renewable_from: date | None
    pieces: tuple[Piece, ...]
    employers: tuple[Employer, ...]

    def is_valid_on(self, day: date) -> bool:
        """Tell whether it is valid on a day."""
        return self.valid_until is None or day <= self.valid_until

    def is_renewable_on(self, day: date) -> bool:
        """Tell whether the course may be completed anew on a day."""
        return self.renewable_from is not None and self.renewable_from <= day


@dataclass(frozen=True)
class LearnedCourse:
    """A course somebody has completed: the newest cycle, and those before it, newest first."""

    newest: Learned
    older: tuple[Learned, ...]


@dataclass(frozen=True)
class UnderWay:
    """A course somebody has opened and not finished."""

    course: str
    started_at: datetime
    saved_at: datetime | None


@dataclass(frozen=True)
class Sent:
    """A completion told to an employer; `delivered_at`: None while it is not delivered.

    `period`: of the report; "" for what one of its systems fetched.
    """

    course: str
    completed_on: date
    municipality: str
    period: str
    delivered_at: datetime | None


@dataclass(frozen=True)
class Learning:
    """All that somebody has learnt; `uncounted`: records that stand for no completion, and why is their `state`."""

    courses: Sequence[LearnedCourse] = ()
    uncounted: Sequence[Piece] = ()
    under_way: Sequence[UnderWay] = ()
    sent: Sequence[Sent] = field(default=())

    def expiring(self) -> Sequence[Learned]:
        """Return the newest cycle of each course that is not valid for good, what ends first coming first."""
        ending = [one.newest for one in self.courses if one.newest.valid_until is not None]
        return sorted(ending, key=lambda one: (one.valid_until or date.max, one.course))


def find_learning(db: Session, subject: DataSubject, today: date) -> Learning:
    """Return what somebody has learnt, for themselves.

    Args:
        today: the day in Europe/Oslo.
    """
    pieces = list(_list_pieces(db, subject))
    learned = list_learned(db, subject, today, pieces)
    counted = {one.id for one in learned}
    return Learning(
        courses=_by_course(learned),
        uncounted=[one for one in pieces if one.completion_id not in counted],
        under_way=_list_under_way(db, subject),
        sent=_list_sent(db, subject) + _list_fetched(db, subject),
    )


def list_learned(
    db: Session, subject: DataSubject, today: date, pieces: Iterable[Piece] | None = None
) -> Sequence[Learned]:
    """Return the completions of a person that hold, the newest first; none of who is not placed.

    Args:
        pieces: their evidence, where the caller has it.
    """
    if subject.person_id is None:
        return []
    by_completion = defaultdict[str | None, list[Piece]](list)
    for piece in _list_pieces(db, subject) if pieces is None else pieces:
        by_completion[piece.completion_id].append(piece)
    employers = _list_employers(db, subject.person_id, today)
    query = select(Completion, Course.title).join(Course, Course.id == Completion.course_id)
    mine = query.where(Completion.person_id == subject.person_id, Completion.withdrawn_at.is_(None))
    rows = db.execute(mine.order_by(Completion.completed_at.desc(), Completion.id)).all()
    return [_learned(one, title, by_completion[one.id], employers) for one, title in rows]


def _learned(
    one: Completion, title: str, pieces: Sequence[Piece], employers: Mapping[str, Sequence[Employer]]
) -> Learned:
    rule = Rule(one.validity_months, one.validity_window, one.renewal_days)
    return Learned(
        id=one.id,
        course_id=one.course_id,
        course=title,
        completed_on=one.completed_on,
        score=one.score,
        valid_until=one.valid_until,
        renewable_from=rule.renewable_from(one.completed_on) if one.valid_until else None,
        pieces=tuple(pieces),
        employers=tuple(employers.get(one.id, ())),
    )


def _by_course(learned: Sequence[Learned]) -> list[LearnedCourse]:
    courses: dict[str, list[Learned]] = {}
    for one in learned:
        courses.setdefault(one.course_id, []).append(one)
    return [LearnedCourse(newest, tuple(older)) for newest, *older in courses.values()]


def _list_pieces(db: Session, subject: DataSubject) -> Iterator[Piece]:
    player, told_by = aliased(Platform), aliased(Platform)
    query = (
        select(Evidence, Course.title, player.name, told_by.name, Municipality.name)
        .join(Course, Course.id == Evidence.course_id)
        .outerjoin(Identity, Identity.id == Evidence.identity_id)
        .outerjoin(player, player.id == Identity.platform_id)
        .outerjoin(Source, Source.id == Evidence.source_id)
        .outerjoin(Connection, Connection.id == Source.connection_id)
        .outerjoin(told_by, told_by.id == Connection.platform_id)
        .outerjoin(Municipality, Municipality.id == Evidence.municipality_id)
    )
    nobody_s = and_(Evidence.identity_id.in_(subject.all_identity_ids), Evidence.person_id.is_(None))
    mine = or_(nobody_s, Evidence.person_id == subject.person_id) if subject.person_id else nobody_s
    newest_first = query.where(mine).order_by(Evidence.completed_at.desc(), Evidence.id)
    for one, course, launched_from, lms, owner in db.execute(newest_first):
        yield Piece(
            id=one.id,
            course_id=one.course_id,
            course=course,
            origin=one.origin,
            where=one.place or lms or launched_from or "",
            municipality=owner or "",
            completed_at=one.completed_at,
            score=one.score,
            state=one.state,
            reason=one.reason or "",
            completion_id=one.completion_id,
        )


def _list_employers(db: Session, person_id: str, today: date) -> dict[str, list[Employer]]:
    """Return, by completion, each employer once: told by any of the employments there, it is told."""
    agreed = _list_leaves(db, person_id)
    query = (
        select(
            Completion.id,
            Completion.course_id,
            Completion.completed_on,
            Municipality.id,
            Municipality.name,
            Employment.started_on,
            employer_sight.is_told(today),
            employer_sight.told_on(),
            employer_sight.needs_leave(),
        )
        .join(Employment, Employment.person_id == Completion.person_id)
        .join(Course, Course.id == Completion.course_id)
        .join(Municipality, Municipality.id == Employment.municipality_id)
        .where(Completion.person_id == person_id, Completion.withdrawn_at.is_(None), Employment.erased_at.is_(None))
        .order_by(Municipality.name, Employment.id)
    )
    found: dict[tuple[str, str], Employer] = {}
    for key, course_id, done_on, municipality_id, name, started_on, is_told, told_on, needs_leave in db.execute(query):
        one = Employer(
            municipality_id=municipality_id,
            municipality=name,
            told_on=told_on if is_told else None,
            begins_on=started_on if started_on and started_on > done_on else None,
            needs_leave=bool(needs_leave),
            has_leave=(municipality_id, course_id) in agreed,
        )
        known = found.get((key, municipality_id))
        found[key, municipality_id] = min(known, one, key=_rank) if known else one
    by_completion: dict[str, list[Employer]] = {}
    for (key, _), one in found.items():
        by_completion.setdefault(key, []).append(one)
    return by_completion


def _rank(one: Employer) -> tuple[bool, bool, date]:
    """Order employments with one employer: what tells most comes first."""
    return one.told_on is None, not one.needs_leave, one.told_on or date.max


def _list_leaves(db: Session, person_id: str) -> set[tuple[str, str]]:
    query = select(SharingConsent.municipality_id, SharingConsent.course_id)
    given = query.where(SharingConsent.person_id == person_id, SharingConsent.withdrawn_at.is_(None))
    return {(municipality_id, course_id) for municipality_id, course_id in db.execute(given)}


def _list_under_way(db: Session, subject: DataSubject) -> list[UnderWay]:
    query = (
        select(Course.title, Attempt.started_at, Attempt.saved_at)
        .join(Course, Course.id == Attempt.course_id)
        .where(Attempt.identity_id.in_(subject.identity_ids), Attempt.state == "open")
        .order_by(Attempt.started_at.desc(), Attempt.id)
    )
    return [UnderWay(*row) for row in db.execute(query)]


def _list_sent(db: Session, subject: DataSubject) -> list[Sent]:
    """Return the newest completions in reports to employers, as the ledger has them."""
    query = (
        select(Course.title, Completion.completed_on, Municipality.name, Delivery.period, Delivery.delivered_at)
        .join(DeliveryItem, DeliveryItem.delivery_id == Delivery.id)
        .join(Completion, Completion.id == DeliveryItem.completion_id)
        .join(Course, Course.id == Completion.course_id)
        .join(Municipality, Municipality.id == Delivery.municipality_id)
        .where(DeliveryItem.employment_id.in_(subject.employment_ids))
        .order_by(Delivery.created_at.desc(), Delivery.id, Course.title, Completion.id)
    )
    return [Sent(*row) for row in db.execute(query.limit(SENT_SHOWN))]


def _list_fetched(db: Session, subject: DataSubject) -> list[Sent]:
    """Return the completions that a system of an employer has fetched, and when it first did."""
    seq = ChangeEntry.seq
    query = (
        select(Course.title, Completion.completed_on, Municipality.name, func.min(ChangePull.at))
        .join(ChangeKnown, ChangeKnown.completion_id == Completion.id)
        .join(Course, Course.id == Completion.course_id)
        .join(ChangeEntry, ChangeEntry.employment_id == ChangeKnown.employment_id)
        .join(Municipality, Municipality.id == ChangeEntry.municipality_id)
        .join(ChangePull, ChangePull.municipality_id == ChangeEntry.municipality_id)
        .where(ChangeKnown.employment_id.in_(subject.employment_ids), seq == ChangeKnown.seq)
        .where(ChangePull.after < seq, ChangePull.last_seq >= seq)
        .group_by(Completion.id, Course.title, Completion.completed_on, Municipality.name)
        .order_by(func.min(ChangePull.at).desc(), Course.title)
    )
    return [Sent(title, done_on, name, "", at) for title, done_on, name, at in db.execute(query.limit(SENT_SHOWN))]
