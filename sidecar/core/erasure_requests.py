"""Keep what learners ask for: that they be erased. The municipality decides, and who may erase answers.

A request is about whoever its account is placed with now: people who turn out to be one take theirs along, and who was
placed with the wrong employee asks for nothing of that employee's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, select, true
from sqlalchemy.orm import Session

from sidecar.core import audit
from sidecar.core.access import Viewer, may_see_employment
from sidecar.core.data_subjects import DataSubject
from sidecar.core.municipalities import Municipality
from sidecar.core.own_wishes import ErasureRequest, SharingConsent
from sidecar.core.paging import count_pages
from sidecar.core.people import Employment, Identity, Person
from sidecar.core.platforms import Platform
from sidecar.core.short_texts import tidy
from sidecar.errors import InvalidInputError, NotFoundError, SidecarError

DONE: Final = "done"
REFUSED: Final = "refused"
TAKEN_BACK: Final = "taken-back"
REASON_CHARACTERS: Final = 1000
PAGE_SIZE: Final = 25
ASKED_AT_ONCE: Final = 1_000


class RequestAnsweredError(SidecarError):
    """This request has been answered, or taken back. Load the page again to see how it stands."""

    code = "erasure-request-answered"


@dataclass(frozen=True)
class Workplace:
    """One employment of who asks; its erase page is the way to erase them."""

    municipality: str
    slug: str
    employment_id: str
    employee_number: str


@dataclass(frozen=True)
class RequestLine:
    """A request as who answers it sees it.

    Attributes:
        name: of the person, or of the account where it is placed with nobody.
        subject_id: of the person, else of the account: what the access log and the command line know them by.
        platform: the LMS they asked from; "" for a sign-in link.
    """

    request: ErasureRequest
    name: str
    subject_id: str
    platform: str
    workplaces: Sequence[Workplace]


@dataclass(frozen=True)
class RequestPage:
    """A page of them; `total` counts all."""

    lines: Sequence[RequestLine]
    total: int
    number: int

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return count_pages(self.total, PAGE_SIZE)


def find_newest(db: Session, subject: DataSubject) -> ErasureRequest | None:
    """Return what a person asked for last and how it stands, or None."""
    query = select(ErasureRequest).where(ErasureRequest.identity_id.in_(subject.all_identity_ids))
    waiting_first = ErasureRequest.answered_at.is_not(None), ErasureRequest.asked_at.desc()
    return db.scalar(query.order_by(*waiting_first, ErasureRequest.id).limit(1))


def ask(db: Session, subject: DataSubject, *, identity_id: str, now: datetime) -> ErasureRequest:
    """Ask to be erased; while a request waits, a second one is that one."""
    _lock(db, subject)
    waiting = _list_waiting(db, subject)
    if waiting:
        return waiting[0]
    new = ErasureRequest(identity_id=identity_id, asked_at=now)
    db.add(new)
    db.flush()
    audit.record(db, "erasure.asked", new.id, at=now, identity_id=identity_id)
    return new


def take_back(db: Session, subject: DataSubject, *, identity_id: str, now: datetime) -> None:
    """Take back what was asked for and nobody has answered.

    Raises:
        RequestAnsweredError: there is nothing that waits.
    """
    _lock(db, subject)
    waiting = _list_waiting(db, subject)
    if not waiting:
        raise RequestAnsweredError
    for one in waiting:
        one.outcome, one.answered_at = TAKEN_BACK, now
        audit.record(db, "erasure.taken_back", one.id, at=now, identity_id=identity_id)
    db.flush()


def list_waiting(db: Session, viewer: Viewer) -> Sequence[RequestLine]:
    """Return the requests that wait for the viewer's answer, the oldest first."""
    return _lines(db, viewer, db.scalars(_waiting_for(viewer)).all())


def page_waiting(db: Session, viewer: Viewer, number: int = 1) -> RequestPage:
    """Return a page of the requests that wait for the viewer's answer, the oldest first."""
    total = count_waiting(db, viewer)
    number = max(1, min(number, count_pages(total, PAGE_SIZE)))
    found = db.scalars(_waiting_for(viewer).limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE)).all()
    return RequestPage(_lines(db, viewer, found), total, number)


def count_waiting(db: Session, viewer: Viewer) -> int:
    """Return how many requests wait for the viewer's answer."""
    return db.scalar(select(func.count()).select_from(_waiting_for(viewer).order_by(None).subquery())) or 0


def find_waiting(db: Session, viewer: Viewer, request_id: str) -> RequestLine:
    """Return a request that waits for the viewer's answer.

    Raises:
        NotFoundError: there is none, or it is not theirs to answer.
        RequestAnsweredError: it was theirs, and is answered.
    """
    return _lines(db, viewer, [_find(db, viewer, request_id, to_change=False)])[0]


def refuse(db: Session, viewer: Viewer, request_id: str, reason: str, now: datetime) -> None:
    """Refuse a request, and all of the same person that wait; they can read why.

    Raises:
        NotFoundError, RequestAnsweredError: as `find_waiting`.
        InvalidInputError: no reason is given.
        TextTooLongError: it is very long.
    """
    said = tidy(reason, REASON_CHARACTERS)
    if not said:
        raise InvalidInputError(field="reason", reason="it is missing.")
    asked = _find(db, viewer, request_id, to_change=True)
    owner = select(Identity.person_id).where(Identity.id == asked.identity_id).scalar_subquery()
    for one in [asked, *db.scalars(_waiting_for(viewer).where(Identity.person_id == owner))]:
        one.outcome, one.reason, one.answered_by, one.answered_at = REFUSED, said, viewer.identity_id, now
    db.flush()
    audit.record(db, "erasure.refused", asked.id, at=now, identity_id=viewer.identity_id)


def settle(db: Session, subject: DataSubject, *, by: str | None, now: datetime) -> None:
    """Answer what an erased person asked for, and forget whom they let see what (an erasure calls this)."""
    for one in _list_waiting(db, subject):
        one.outcome, one.answered_by, one.answered_at = DONE, by, now
    for one in db.scalars(select(ErasureRequest).where(_is_by(subject))):
        one.reason = None
    db.execute(delete(SharingConsent).where(SharingConsent.person_id.in_(subject.person_ids)))
    db.flush()


def may_answer(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `Identity`: the viewer may erase who that account is; see `sidecar.privacy.may_erase`."""
    if viewer.everything:
        return true()
    theirs = Employment.person_id == Identity.person_id
    elsewhere = exists().where(theirs, Employment.municipality_id.not_in(viewer.rkk_for))
    return and_(exists().where(theirs), ~elsewhere)


def _waiting_for(viewer: Viewer) -> Select[ErasureRequest]:
    query = select(ErasureRequest).join(Identity, Identity.id == ErasureRequest.identity_id)
    waiting = query.where(ErasureRequest.answered_at.is_(None), may_answer(viewer))
    return waiting.order_by(ErasureRequest.asked_at, ErasureRequest.id)


def _find(db: Session, viewer: Viewer, request_id: str, *, to_change: bool) -> ErasureRequest:
    joined = select(ErasureRequest).join(Identity, Identity.id == ErasureRequest.identity_id)
    query = joined.where(ErasureRequest.id == request_id, may_answer(viewer))
    found = db.scalar(query.with_for_update(of=ErasureRequest) if to_change else query)
    if found is None:
        raise NotFoundError(what="erasure", key=request_id)
    if found.answered_at is not None:
        raise RequestAnsweredError
    return found


def _lines(db: Session, viewer: Viewer, requests: Sequence[ErasureRequest]) -> list[RequestLine]:
    query = select(Identity, Person, Platform.name).outerjoin(Person, Person.id == Identity.person_id)
    named = query.outerjoin(Platform, Platform.id == Identity.platform_id)
    found: list[RequestLine] = []
    for start in range(0, len(requests), ASKED_AT_ONCE):
        some = requests[start : start + ASKED_AT_ONCE]
        rows = db.execute(named.where(Identity.id.in_({one.identity_id for one in some})))
        known = {identity.id: (identity, person, platform or "") for identity, person, platform in rows}
        people = {identity.person_id for identity, _, _ in known.values() if identity.person_id}
        workplaces = _list_workplaces(db, viewer, people)
        found += [_line(one, *known[one.identity_id], workplaces) for one in some]
    return found


def _line(
    request: ErasureRequest,
    identity: Identity,
    person: Person | None,
    platform: str,
    workplaces: Mapping[str, Sequence[Workplace]],
) -> RequestLine:
    if person is None:
        return RequestLine(request, identity.name or "", identity.id, platform, ())
    name = f"{person.first_name} {person.last_name}".strip()
    return RequestLine(request, name, person.id, platform, workplaces.get(person.id, ()))


def _list_workplaces(db: Session, viewer: Viewer, person_ids: Collection[str]) -> Mapping[str, Sequence[Workplace]]:
    query = (
        select(Employment.person_id, Municipality.name, Municipality.slug, Employment.id, Employment.employee_number)
        .join(Municipality, Municipality.id == Employment.municipality_id)
        .where(Employment.person_id.in_(person_ids), Employment.erased_at.is_(None), may_see_employment(viewer))
        .order_by(Employment.ended_on.is_not(None), Municipality.name, Employment.id)
    )
    by_person: dict[str, list[Workplace]] = defaultdict(list)
    for person_id, *row in db.execute(query):
        by_person[person_id].append(Workplace(*row))
    return by_person


def _list_waiting(db: Session, subject: DataSubject) -> Sequence[ErasureRequest]:
    waiting = select(ErasureRequest).where(_is_by(subject), ErasureRequest.answered_at.is_(None))
    return db.scalars(waiting.order_by(ErasureRequest.asked_at, ErasureRequest.id)).all()


def _is_by(subject: DataSubject) -> ColumnElement[bool]:
    return ErasureRequest.identity_id.in_(subject.all_identity_ids)


def _lock(db: Session, subject: DataSubject) -> None:
    """Let two windows of one person not ask twice."""
    mine = select(Identity.id).where(Identity.id.in_(subject.all_identity_ids)).order_by(Identity.id)
    db.execute(mine.with_for_update()).all()
