"""Erase a person: take away all that says who they are, and leave a tombstone that keeps every count true."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Final

from sqlalchemy import ColumnElement, ForeignKey, String, delete, exists, func, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core import (
    access_log,
    attendances,
    change_feed,
    completion_matching,
    crossing_received,
    crossing_sent,
    erased_subjects,
    erasure_requests,
    grades,
    named_employers,
    person_matches,
    row_errors,
    scim_resources,
    sign_off_requests,
)
from sidecar.core.access import Viewer
from sidecar.core.attempts import Attempt, Commit, CommitPiece, ScoState
from sidecar.core.completions import Completion
from sidecar.core.data_subjects import DataSubject
from sidecar.core.db import Base, Id, Key, new_id
from sidecar.core.deep_links import DeepLinkRequest
from sidecar.core.deliveries import Delivery, DeliveryItem
from sidecar.core.evidence import VALID, Evidence
from sidecar.core.grades import Grade
from sidecar.core.launches import Launch
from sidecar.core.mails import Mail
from sidecar.core.municipalities import Municipality
from sidecar.core.outbox import OutboxItem
from sidecar.core.people import Employment, Identity, Person, Position
from sidecar.core.people_sources import SyncChange
from sidecar.core.periods import OSLO, day_of
from sidecar.core.previews import Preview
from sidecar.core.rosters import RosterMember
from sidecar.core.sign_ins import SignIn, SignInLink
from sidecar.core.staff import Grant
from sidecar.errors import NotFoundError, SidecarError

FEWEST_OF_A_UNIT: Final = 5
"""How many others must work in a unit for it to stay with a tombstone: fewer would tell who it was."""

ERASED: Final = "erased"
"""The code of jobs that ended because the person they were about is erased."""


class Erasure(Base, kw_only=True):
    """One entry of the register of erasures: whose, when, by whom; ids only, never personal data."""

    __tablename__ = "erasure"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    subject_id: Mapped[str] = mapped_column(String(32), unique=True)
    erased_at: Mapped[datetime]
    erased_by: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None)


class ErasedMeanwhileError(SidecarError):
    """A report was made while somebody in it was being erased. Try again."""

    code = "erased-meanwhile"


@dataclass(frozen=True)
class Holding:
    """What is kept of a person, in numbers."""

    employments: int
    identities: int
    completions: int
    attempts: int
    deliveries: int


def count_holding(db: Session, subject: DataSubject) -> Holding:
    """Count what an erasure is about."""
    mine = Attempt.identity_id.in_(subject.identity_ids)
    return Holding(
        employments=len(subject.employment_ids),
        identities=len(subject.identity_ids),
        completions=_count_completions(db, subject),
        attempts=_count(db, Attempt, mine),
        deliveries=len(list_deliveries(db, subject)),
    )


def _count_completions(db: Session, subject: DataSubject) -> int:
    """Count the completions of a person; of an account that is nobody's, what it earned."""
    if subject.person_id is None:
        return _count(db, Evidence, _is_own(subject), Evidence.state == VALID)
    return _count(db, Completion, Completion.person_id == subject.person_id, Completion.withdrawn_at.is_(None))


def _is_own(subject: DataSubject) -> ColumnElement[bool]:
    """Return the condition on `Evidence`: it is the person's, or their accounts'."""
    earned = Evidence.identity_id.in_(subject.identity_ids)
    return or_(earned, Evidence.person_id == subject.person_id) if subject.person_id else earned


def list_documents(db: Session, subject: DataSubject) -> Sequence[str]:
    """Return the SHA-256 of the stored documents that prove what a person completed; ask before `erase`."""
    digests = db.scalars(select(Evidence.file_digest).where(_is_own(subject), Evidence.file_digest.is_not(None)))
    return sorted({digest for digest in digests if digest})


def list_deliveries(db: Session, subject: DataSubject) -> Sequence[Delivery]:
    """Return the deliveries that the person stands in, the oldest first."""
    mine = exists().where(
        DeliveryItem.delivery_id == Delivery.id, DeliveryItem.employment_id.in_(subject.employment_ids)
    )
    return db.scalars(select(Delivery).where(mine).order_by(Delivery.created_at, Delivery.id)).all()


def list_with_files(db: Session, subject: DataSubject) -> Sequence[Delivery]:
    """Return the deliveries of the person's municipalities whose files are kept, the oldest first.

    The person may stand in a row of any, that they finished nothing for instance.
    """
    kept = Delivery.municipality_id.in_(subject.municipality_ids), Delivery.files_removed_at.is_(None)
    return db.scalars(select(Delivery).where(*kept).order_by(Delivery.created_at, Delivery.id)).all()


def find_erasure(db: Session, subject_id: str) -> Erasure | None:
    """Return the entry of the register about a person or identity, or None."""
    return db.scalar(select(Erasure).where(Erasure.subject_id == subject_id))


def list_register(db: Session) -> Sequence[Erasure]:
    """Return the register, the oldest entry first."""
    return db.scalars(select(Erasure).order_by(Erasure.erased_at, Erasure.id)).all()


def count_erased(db: Session, municipality_id: str, employment_ids: Iterable[str]) -> int:
    """Return how many of these employees of a municipality are erased."""
    here = Employment.municipality_id == municipality_id, Employment.erased_at.is_not(None)
    erased = db.scalars(select(Employment.id).where(*here))
    return len(frozenset(employment_ids).intersection(erased))


def kept_units(db: Session, viewer: Viewer, subject: DataSubject) -> dict[str, str]:
    """Return by employment id the unit that may stay in a person's rows; "" where it would tell who it was.

    Raises:
        NotFoundError: the viewer does not see all of the person.
    """
    if not (viewer.everything or subject.is_whole):
        raise NotFoundError(what="person", key=subject.id)
    mine = db.scalars(select(Employment).where(Employment.id.in_(subject.employment_ids)))
    return {one.id: one.unit if unit_is_harmless(db, one) else "" for one in mine.all()}


def lock(db: Session, subject: DataSubject) -> None:
    """Let no import, report, launch or commit about the person happen till the end of the transaction.

    Municipalities come before identities, as imports take them.
    """
    here = Municipality.id.in_(subject.municipality_ids)
    db.scalars(select(Municipality.id).where(here).order_by(Municipality.id).with_for_update()).all()
    mine = Identity.id.in_(subject.identity_ids)
    db.scalars(select(Identity.id).where(mine).order_by(Identity.id).with_for_update()).all()


def erase(db: Session, subject: DataSubject, *, now: datetime, by: str | None) -> Erasure:
    """Make the tombstone, in the caller's transaction, which has locked the person.

    The files are the caller's to see to: those of `list_deliveries`, and `list_documents`.

    Args:
        by: the identity that does it; None at the command line.
    """
    _forget_sessions(db, subject.identity_ids, now)
    _forget_grades(db, subject.identity_ids, now)
    _forget_attempts(db, subject.identity_ids, now)
    completion_matching.forget_holders(db, subject, now)
    crossing_sent.forget_of(db, subject, now)
    crossing_received.forget_of(db, subject)
    named_employers.forget_of(db, subject)
    attendances.forget(db, subject.person_ids)
    sign_off_requests.forget(db, subject.person_ids)
    _coarsen_evidence(db, subject)
    _forget_identities(db, subject.identity_ids, now)
    scim_resources.forget_of(db, subject.employment_ids, now)
    row_errors.forget_words(db, subject.employment_ids)
    change_feed.forget_of(db, list(subject.employment_ids))
    _forget_employments(db, subject.employment_ids, now)
    bare = {"first_name": "", "last_name": "", "folded_name": "", "email": None, "erased_at": now}
    db.execute(update(Person).where(Person.id.in_(subject.person_ids)).values(bare))
    person_matches.forget(db, subject.person_ids)
    access_log.forget(db, subject.seen_as)
    erasure_requests.settle(db, subject, by=by, now=now)
    entry = Erasure(subject_id=subject.id, erased_at=now, erased_by=by)
    # Who was merged is somebody of their own again where a backup from before the merge is restored.
    db.add_all([entry, *(Erasure(subject_id=one, erased_at=now, erased_by=by) for one in subject.merged_ids)])
    db.flush()
    return entry


def unit_is_harmless(db: Session, employment: Employment) -> bool:
    """Tell whether enough others work in an employment's unit for it to say nothing about who it was."""
    others = (
        Employment.municipality_id == employment.municipality_id,
        Employment.unit == employment.unit,
        Employment.person_id != employment.person_id,
        Employment.ended_on.is_(None),
        Employment.erased_at.is_(None),
    )
    return _count(db, Employment, *others) >= FEWEST_OF_A_UNIT


def _forget_sessions(db: Session, identity_ids: Sequence[str], now: datetime) -> None:
    for table in (SignIn, SignInLink, Launch, DeepLinkRequest, Preview):
        db.execute(delete(table).where(table.identity_id.in_(identity_ids)))
    holds = Grant.identity_id.in_(identity_ids), Grant.revoked_at.is_(None)
    db.execute(update(Grant).where(*holds).values(revoked_at=now))


def _forget_grades(db: Session, identity_ids: Sequence[str], now: datetime) -> None:
    """Take the grades away and end the jobs that would send them; the LMS keeps what it was told."""
    mine = select(Grade.id).where(Grade.identity_id.in_(identity_ids))
    about = OutboxItem.kind == grades.KIND, OutboxItem.subject.in_(mine), OutboxItem.state == "waiting"
    ended = {"state": "failed", "error_code": ERASED, "ended_at": now}
    db.execute(update(OutboxItem).where(*about).values(ended).execution_options(synchronize_session=False))
    db.execute(delete(Grade).where(Grade.identity_id.in_(identity_ids)))


def _forget_attempts(db: Session, identity_ids: Sequence[str], now: datetime) -> None:
    """Take away what packages said, and the attempts that no completion counts on."""
    mine = Attempt.identity_id.in_(identity_ids)
    ids = select(Attempt.id).where(mine)
    for table in (ScoState, Commit, CommitPiece):
        gone = delete(table).where(table.attempt_id.in_(ids))
        db.execute(gone.execution_options(synchronize_session=False))
    counted = exists().where(Evidence.attempt_id == Attempt.id)
    db.execute(delete(Attempt).where(mine, ~counted).execution_options(synchronize_session=False))
    for attempt in db.scalars(select(Attempt).where(mine)).all():
        attempt.state, attempt.session, attempt.saved_at, attempt.trimmed_at = "completed", None, None, now
        attempt.started_at = _midnight(attempt.started_at)
        attempt.finished_at = _midnight(attempt.finished_at or attempt.started_at)
    db.flush()


def _coarsen_evidence(db: Session, subject: DataSubject) -> None:
    """Keep of each completion, and of what proved it, the course and the day: what reports count.

    Of what was entered by hand the words and the document go.
    """
    for piece in db.scalars(select(Evidence).where(_is_own(subject))).all():
        piece.completed_at, piece.recorded_at = _midnight(piece.completed_at), _midnight(piece.recorded_at)
        piece.score = piece.note = piece.holder = piece.file_digest = piece.file_name = None
        piece.place = piece.reason = None
        piece.source_key = _tombstone() if piece.source_key else None
    for one in db.scalars(select(Completion).where(Completion.person_id == subject.person_id)).all():
        one.completed_at, one.recorded_at = _midnight(one.completed_at), _midnight(one.recorded_at)
        one.score = None
    db.flush()


def _midnight(moment: datetime) -> datetime:
    return datetime.combine(day_of(moment), time(), OSLO)


def _forget_identities(db: Session, identity_ids: Sequence[str], now: datetime) -> None:
    """Give each a subject that nobody has, so that a later launch of the same LMS user begins anew.

    No roster does: it knows the user by a hash.
    """
    db.execute(delete(RosterMember).where(RosterMember.identity_id.in_(identity_ids)))
    for identity in db.scalars(select(Identity).where(Identity.id.in_(identity_ids))).all():
        if identity.platform_id and not identity.subject.startswith(f"{ERASED}-"):
            erased_subjects.remember(db, identity.platform_id, identity.subject, now)
        if identity.email:
            db.execute(delete(Mail).where(func.lower(Mail.address) == identity.email.lower()))
        identity.subject = _tombstone()
        identity.name = identity.email = identity.person_sourcedid = identity.language = None
        identity.first_seen_at = identity.last_seen_at = _midnight(identity.first_seen_at)
    db.flush()


def _forget_employments(db: Session, employment_ids: Sequence[str], now: datetime) -> None:
    for employment in db.scalars(select(Employment).where(Employment.id.in_(employment_ids))).all():
        if not unit_is_harmless(db, employment):
            employment.unit, employment.unit_id = "", None
        _forget_as_manager(db, employment)
        employment.employee_number, employment.position = _tombstone(), ""
        employment.manager_number = employment.percentage = employment.source_digest = None
        employment.erased_at, employment.ended_on = now, employment.ended_on or day_of(now)
    db.execute(delete(Position).where(Position.employment_id.in_(employment_ids)))
    db.execute(delete(SyncChange).where(SyncChange.employment_id.in_(employment_ids)))
    db.flush()


def _forget_as_manager(db: Session, employment: Employment) -> None:
    """Take the employee number away where others name it as their manager's."""
    led = Employment.municipality_id == employment.municipality_id
    names = Employment.manager_number == employment.employee_number
    db.execute(update(Employment).where(led, names).values(manager_number=None))


def _tombstone() -> str:
    return f"{ERASED}-{new_id()}"


def _count(db: Session, table: type[Base], *where: object) -> int:
    return db.scalar(select(func.count()).select_from(table).where(*where)) or 0  # type: ignore[arg-type]
