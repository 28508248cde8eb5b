"""Let people name an employer of theirs in another region, so that what they complete here counts there too.

Who does gives leave that it is told under the employee number they name, and can take that back: it is withdrawn there
then, and what stood in a report before stays in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from sqlalchemy import ForeignKey, String, UniqueConstraint, delete, exists, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core import audit
from sidecar.core.crossing_agreements import TO_THEM, ExchangeAgreement, hasten, holds_on
from sidecar.core.crossing_records import REF_CHARACTERS
from sidecar.core.data_subjects import DataSubject
from sidecar.core.db import Base, Id, Key, new_id
from sidecar.core.peers import Peer
from sidecar.core.people import Employment, Person
from sidecar.core.regions import RegionMembership, is_member_on
from sidecar.core.short_texts import one_line
from sidecar.errors import NotFoundError, SidecarError

MOST_NAMED: Final = 20


class EmployeeNumberError(SidecarError):
    """Write the employee number that this employer gave you: {most} characters at most."""

    code = "named-employer-number"


class EmployerNotAgreedError(SidecarError):
    """Nothing is agreed about this employer, so nothing can be told to it. Choose one that is offered."""

    code = "named-employer-not-agreed"


class TooManyEmployersError(SidecarError):
    """You have named {most} employers, which is the most. Take one back that you do not need any more."""

    code = "named-employer-too-many"


class NamedEmployer(Base, kw_only=True):
    """An employer in another region that a person named, with their employee number there.

    Attributes:
        identity_id: the account that named it, by which it is known whose it is where two people were taken for one.
    """

    __tablename__ = "named_employer"
    __table_args__ = (UniqueConstraint("person_id", "org_number"),)

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    person_id: Mapped[Id] = mapped_column(ForeignKey("person.id"))
    org_number: Mapped[str] = mapped_column(String(9), index=True)
    employee_ref: Mapped[str] = mapped_column(String(REF_CHARACTERS), repr=False)
    given_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None] = mapped_column(default=None)
    identity_id: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None)


class OfferedEmployer(NamedTuple):
    """An employer that may be named, and the region that is told then; `named`: what they named already.

    `region_id`: of the region of ours that tells; "" where nothing is agreed any more.
    """

    org_number: str
    employer: str
    region: str
    region_id: str
    named: NamedEmployer | None = None


def list_offered(db: Session, subject: DataSubject, today: date) -> Sequence[OfferedEmployer]:
    """Return the employers that somebody may name: those of which the regions they work in have agreed.

    One that they named before stays in the list, so that it can be taken back.
    """
    if subject.person_id is None:
        return []
    works = exists().where(
        Employment.person_id == subject.person_id,
        Employment.erased_at.is_(None),
        RegionMembership.municipality_id == Employment.municipality_id,
        RegionMembership.region_id == ExchangeAgreement.region_id,
        is_member_on(today),
    )
    query = (
        select(ExchangeAgreement.org_number, ExchangeAgreement.employer, Peer.name, ExchangeAgreement.region_id)
        .join(Peer, Peer.id == ExchangeAgreement.peer_id)
        .where(ExchangeAgreement.to == TO_THEM, holds_on(today), works)
        .order_by(ExchangeAgreement.employer, ExchangeAgreement.id)
    )
    named = {one.org_number: one for one in _list_named(db, subject)}
    rows = {row.org_number: OfferedEmployer(*row, named.pop(row.org_number, None)) for row in db.execute(query)}
    return [*rows.values(), *(OfferedEmployer(one.org_number, one.org_number, "", "", one) for one in named.values())]


def _list_named(db: Session, subject: DataSubject) -> Sequence[NamedEmployer]:
    mine = NamedEmployer.person_id.in_(subject.person_ids), NamedEmployer.withdrawn_at.is_(None)
    return db.scalars(select(NamedEmployer).where(*mine).order_by(NamedEmployer.given_at)).all()


def find_offered(db: Session, subject: DataSubject, org_number: str, today: date) -> OfferedEmployer:
    """Return an employer that somebody may name or has named.

    Raises:
        EmployerNotAgreedError: it is none of them.
    """
    found = next((one for one in list_offered(db, subject, today) if one.org_number == org_number), None)
    if found is None:
        raise EmployerNotAgreedError
    return found


def check_number(employee_ref: str) -> str:
    """Return an employee number as it is kept.

    Raises:
        EmployeeNumberError: it is empty or too long.
    """
    tidied = one_line(employee_ref)
    if not 0 < len(tidied) <= REF_CHARACTERS:
        raise EmployeeNumberError(most=REF_CHARACTERS)
    return tidied


def name_employer(
    db: Session,
    subject: DataSubject,
    org_number: str,
    employee_ref: str,
    *,
    identity_id: str,
    now: datetime,
    today: date,
) -> NamedEmployer:
    """Let what somebody completed be told about an employer of theirs from now on; naming it anew changes the number.

    Raises:
        EmployerNotAgreedError: nothing is agreed about it, or they belong to no employee.
        EmployeeNumberError: the number can't be used.
        TooManyEmployersError: it would be one too many.
    """
    number = check_number(employee_ref)
    _lock(db, subject)
    if not find_offered(db, subject, org_number, today).region_id:
        raise EmployerNotAgreedError
    theirs = NamedEmployer.person_id.in_(subject.person_ids), NamedEmployer.org_number == org_number
    known = {one.person_id: one for one in db.scalars(select(NamedEmployer).where(*theirs))}
    found = known.pop(subject.id, None)
    for other in known.values():
        other.withdrawn_at = other.withdrawn_at or now
    if found is not None and found.withdrawn_at is None and found.employee_ref == number:
        return found
    if (found is None or found.withdrawn_at is not None) and len(_list_named(db, subject)) >= MOST_NAMED:
        raise TooManyEmployersError(most=MOST_NAMED)
    if found is None:
        found = NamedEmployer(person_id=subject.id, org_number=org_number, employee_ref=number, given_at=now)
        db.add(found)
    found.employee_ref, found.given_at, found.withdrawn_at, found.identity_id = number, now, None, identity_id
    db.flush()
    hasten(db, org_number)
    audit.record(db, "employer.named", found.id, at=now, identity_id=identity_id, org_number=org_number)
    return found


def take_back(db: Session, subject: DataSubject, org_number: str, *, identity_id: str, now: datetime) -> None:
    """Let nothing more be told about an employer, and withdraw there what was; a second time changes nothing.

    What somebody named who turned out to be the same person ends too: it must not come back if the two are taken apart.

    Raises:
        NotFoundError: they named no such employer.
    """
    _lock(db, subject)
    theirs = NamedEmployer.person_id.in_(subject.person_ids), NamedEmployer.org_number == org_number
    found = db.scalars(select(NamedEmployer).where(*theirs)).all()
    if not found:
        raise NotFoundError(what="employer", key=org_number[:80])
    for one in found:
        if one.withdrawn_at is None:
            one.withdrawn_at = now
            hasten(db, org_number)
            audit.record(db, "employer.taken_back", one.id, at=now, identity_id=identity_id, org_number=org_number)
    db.flush()


def _lock(db: Session, subject: DataSubject) -> None:
    """Let two windows of one person not write the same employer twice."""
    query = select(Person.id).where(Person.id == subject.person_id)
    db.execute(query.with_for_update(key_share=True)).all()


def forget_of(db: Session, subject: DataSubject) -> None:
    """Keep nothing of where else somebody works."""
    db.execute(delete(NamedEmployer).where(NamedEmployer.person_id.in_(subject.person_ids)))
