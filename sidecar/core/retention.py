"""Keep how long things are kept, and remove what has been kept long enough, a bounded piece at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Subquery,
    and_,
    delete,
    exists,
    func,
    inspect,
    null,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute, Mapped, Session, mapped_column

from sidecar.core import (
    audit,
    change_feed,
    contact_codes,
    contact_sign_ins,
    contacts,
    crossing_received,
    crossing_sent,
    gatherings,
    report_runs,
    row_errors,
    seen_requests,
    sign_off_requests,
    sync_runs,
)
from sidecar.core.access import Viewer
from sidecar.core.access_log import Look
from sidecar.core.attempts import Attempt, Commit, CommitPiece, ScoState
from sidecar.core.audit import AuditEntry
from sidecar.core.change_feed import ChangePull
from sidecar.core.contact_codes import ContactCode
from sidecar.core.contact_sign_ins import ContactSignIn
from sidecar.core.contacts import Contact
from sidecar.core.crossing_received import CrossingReceived
from sidecar.core.crossing_sent import CrossingSent
from sidecar.core.db import Base, Id
from sidecar.core.deep_links import KEPT as PICKERS_KEPT
from sidecar.core.deep_links import DeepLinkRequest
from sidecar.core.deliveries import ENDED, Delivery
from sidecar.core.evidence import REFUSED, WITHDRAWN, Evidence
from sidecar.core.gatherings import Gathering, GatheringAttendance
from sidecar.core.invitations import KEPT as INVITATIONS_KEPT
from sidecar.core.invitations import PlatformInvitation
from sidecar.core.launches import FAILURES_KEPT, LOGINS_KEPT, FailedLaunch, LoginRecord
from sidecar.core.mails import Mail
from sidecar.core.named_employers import NamedEmployer
from sidecar.core.notices import Notice
from sidecar.core.outbox import OutboxItem
from sidecar.core.own_wishes import ErasureRequest, SharingConsent
from sidecar.core.peer_invitations import KEPT as PEER_INVITATIONS_KEPT
from sidecar.core.peer_invitations import PeerInvitation
from sidecar.core.people import Employment, Identity
from sidecar.core.people_sources import SyncRun
from sidecar.core.periods import day_of
from sidecar.core.previews import Preview
from sidecar.core.report_runs import ReportRun
from sidecar.core.rosters import RosterMember
from sidecar.core.row_errors import RowError
from sidecar.core.seen_requests import SeenRequest
from sidecar.core.sign_ins import SignIn, SignInLink
from sidecar.core.sign_off_requests import SignOffRequest
from sidecar.core.staff import Grant
from sidecar.errors import InvalidInputError, NotFoundError

SHORTEST_DAYS: Final = 30
LONGEST_DAYS: Final = 3650

SIGN_INS_KEPT: Final = timedelta(days=30)
DONE_JOBS_KEPT: Final = timedelta(days=30)
FAILED_JOBS_KEPT: Final = timedelta(days=365)
NOTICES_KEPT: Final = timedelta(days=365)
AUDIT_KEPT: Final = timedelta(days=5 * 365)
LEFT_KEPT: Final = timedelta(days=90)
"""How long it is known that somebody took part in a course of an LMS."""

UNSEEN_KEPT: Final = timedelta(days=365)
"""How long somebody counts as taking part whose LMS tells nothing any more."""

ACCESS_KEPT: Final = timedelta(days=2 * 365)
WISHES_KEPT: Final = timedelta(days=2 * 365)
"""How long it is known what a learner took back, or asked for and was answered."""

DOCUMENTS_KEPT: Final = timedelta(days=90)
"""How long the document of a completion that was refused or withdrawn lies here, so that somebody may object."""


@dataclass(frozen=True)
class Periods:
    """How many days a municipality keeps things; the defaults are the installation's.

    Attributes:
        attempts_days: from the end of an attempt, what the package said; the completion itself stays.
        report_files_days: from its making, the files of a report; the row in the ledger, with their hash, stays.
    """

    attempts_days: int = 365
    report_files_days: int = 90


DEFAULTS: Final = Periods()


class RetentionPeriods(Base, kw_only=True):
    """The periods of a municipality; None where the installation's default holds."""

    __tablename__ = "retention_periods"

    municipality_id: Mapped[Id] = mapped_column(ForeignKey("municipality.id"), primary_key=True)
    attempts_days: Mapped[int | None] = mapped_column(default=None)
    report_files_days: Mapped[int | None] = mapped_column(default=None)
    changed_at: Mapped[datetime]


def periods_of(db: Session, municipality_id: str) -> Periods:
    """Return the periods that hold for a municipality."""
    row = db.get(RetentionPeriods, municipality_id)
    chosen = {one.name: getattr(row, one.name, None) for one in fields(Periods)}
    return Periods(**{name: days for name, days in chosen.items() if days is not None})


def keep(db: Session, viewer: Viewer, municipality_id: str, wanted: Periods, *, now: datetime) -> None:
    """Set the periods of a municipality; what is the default today is the default from then on.

    Raises:
        NotFoundError: the viewer does not see the municipality.
        InvalidInputError: a period is shorter or longer than is allowed.
    """
    if not viewer.sees_municipality(municipality_id):
        raise NotFoundError(what="municipality", key=municipality_id)
    chosen = {one.name: getattr(wanted, one.name) for one in fields(Periods)}
    for days in chosen.values():
        if not SHORTEST_DAYS <= days <= LONGEST_DAYS:
            raise InvalidInputError(field="days", reason=f"it must be {SHORTEST_DAYS} to {LONGEST_DAYS}.")
    stored = {name: None if days == getattr(DEFAULTS, name) else days for name, days in chosen.items()}
    db.merge(RetentionPeriods(municipality_id=municipality_id, changed_at=now, **stored))
    audit.record(db, "retention.changed", municipality_id, at=now, identity_id=viewer.identity_id, **chosen)
    db.flush()


def _longest_days() -> Subquery:
    """Return the period of each learner who is placed: the longest of all their employers'."""
    days = func.max(func.coalesce(RetentionPeriods.attempts_days, DEFAULTS.attempts_days))
    return (
        select(Identity.id.label("identity_id"), days.label("days"))
        .join(Employment, Employment.person_id == Identity.person_id)
        .outerjoin(RetentionPeriods, RetentionPeriods.municipality_id == Employment.municipality_id)
        .group_by(Identity.id)
        .subquery()
    )


def _distinct_days(db: Session, name: str) -> set[int]:
    chosen = db.scalars(select(getattr(RetentionPeriods, name)).distinct())
    return {getattr(DEFAULTS, name), *(days for days in chosen if days is not None)}


def _is_over(
    db: Session,
    name: str,
    since: ColumnElement[datetime] | InstrumentedAttribute[Any],
    days: ColumnElement[int],
    now: datetime,
) -> ColumnElement[bool]:
    """Return the condition that a period of `days` since a moment is over; databases differ in how they add days."""
    return or_(*(and_(days == each, since < now - timedelta(days=each)) for each in _distinct_days(db, name)))


def list_finished_attempts(db: Session, now: datetime, limit: int | None) -> Sequence[str]:
    """Return the ids of finished attempts whose details have been kept long enough.

    This looks at all attempts and who they belong to: ask for many at a time.
    """
    longest = _longest_days()
    days = func.coalesce(longest.c.days, DEFAULTS.attempts_days)
    over = _is_over(db, "attempts_days", Attempt.finished_at, days, now)
    query = select(Attempt.id).outerjoin(longest, longest.c.identity_id == Attempt.identity_id)
    query = query.where(Attempt.state != "open", Attempt.trimmed_at.is_(None), over)
    return db.scalars(query.order_by(Attempt.finished_at).limit(limit)).all()


def trim_attempts(db: Session, ids: Sequence[str], now: datetime) -> None:
    """Remove what packages said in finished attempts: trail, pieces and state; attempt and completion stay."""
    for table in (Commit, CommitPiece, ScoState):
        db.execute(delete(table).where(table.attempt_id.in_(ids)))
    db.execute(update(Attempt).where(Attempt.id.in_(ids)).values(trimmed_at=now, session=None))


def list_old_deliveries(db: Session, now: datetime, limit: int | None) -> Sequence[str]:
    """Return the ids of ended deliveries whose files have been kept long enough."""
    days = func.coalesce(RetentionPeriods.report_files_days, DEFAULTS.report_files_days)
    over = _is_over(db, "report_files_days", Delivery.created_at, days, now)
    query = (
        select(Delivery.id)
        .outerjoin(RetentionPeriods, RetentionPeriods.municipality_id == Delivery.municipality_id)
        .where(Delivery.state.in_(ENDED), Delivery.files_removed_at.is_(None), over)
    )
    return db.scalars(query.order_by(Delivery.created_at).limit(limit)).all()


def let_go_of_report_files(db: Session, now: datetime, limit: int) -> int:
    """Let deliveries name their files no more: a sweep of the storage takes away what nobody else names.

    The key goes at once, so that nobody can read what still lies there, or in a backup of the storage.
    """
    ids = list_old_deliveries(db, now, limit)
    nothing = {"files_removed_at": now, "kept_rows": null(), "file_key": None}
    db.execute(update(Delivery).where(Delivery.id.in_(ids)).values(nothing))
    return len(ids)


def _is_old_document(now: datetime) -> ColumnElement[bool]:
    gone = Evidence.state.in_((REFUSED, WITHDRAWN)), Evidence.decided_at < now - DOCUMENTS_KEPT
    return and_(Evidence.file_digest.is_not(None), *gone)


def let_go_of_documents(db: Session, now: datetime, limit: int) -> int:
    """Let evidence that was refused or withdrawn long ago name its document no more; return how much there was."""
    ids = db.scalars(select(Evidence.id).where(_is_old_document(now)).limit(limit)).all()
    db.execute(update(Evidence).where(Evidence.id.in_(ids)).values(file_digest=None, file_name=None))
    return len(ids)


def count_old_documents(db: Session, now: datetime) -> int:
    """Return how many documents would be let go of now."""
    return db.scalar(select(func.count(Evidence.id)).where(_is_old_document(now))) or 0


@dataclass(frozen=True)
class Sweep:
    """One kind of row that goes by a period of the whole installation."""

    name: str
    table: type[Base]
    is_old: Callable[[datetime], ColumnElement[bool]]


def _is_referred_to() -> ColumnElement[bool]:
    """Return the condition that an identity which never came is needed: a roster names it, or a role was given it."""
    return or_(
        *(exists().where(table.identity_id == Identity.id) for table in (RosterMember, Grant, SignIn, SignInLink))
    )


SWEEPS: Final = (
    Sweep("failed_launches", FailedLaunch, lambda now: FailedLaunch.failed_at < now - FAILURES_KEPT),
    Sweep("login_records", LoginRecord, lambda now: LoginRecord.expires_at < now - LOGINS_KEPT),
    Sweep(
        "invitations",
        PlatformInvitation,
        lambda now: and_(PlatformInvitation.used_at.is_(None), PlatformInvitation.expires_at < now - INVITATIONS_KEPT),
    ),
    Sweep(
        "peer_invitations",
        PeerInvitation,
        lambda now: and_(PeerInvitation.used_at.is_(None), PeerInvitation.expires_at < now - PEER_INVITATIONS_KEPT),
    ),
    Sweep("seen_requests", SeenRequest, seen_requests.is_old),
    Sweep("pickers", DeepLinkRequest, lambda now: DeepLinkRequest.expires_at < now - PICKERS_KEPT),
    Sweep("previews", Preview, lambda now: Preview.expires_at <= now),
    Sweep(
        "sign_ins",
        SignIn,
        lambda now: or_(SignIn.expires_at < now - SIGN_INS_KEPT, SignIn.ended_at < now - SIGN_INS_KEPT),
    ),
    Sweep("contact_codes", ContactCode, contact_codes.is_old),
    Sweep("contact_sign_ins", ContactSignIn, contact_sign_ins.is_old),
    Sweep("row_errors", RowError, row_errors.is_old),
    Sweep("contacts", Contact, contacts.is_old),
    Sweep("sign_in_links", SignInLink, lambda now: SignInLink.expires_at < now - SIGN_INS_KEPT),
    Sweep(
        "done_jobs",
        OutboxItem,
        lambda now: and_(OutboxItem.state == "done", OutboxItem.ended_at < now - DONE_JOBS_KEPT),
    ),
    Sweep(
        "failed_jobs",
        OutboxItem,
        lambda now: and_(OutboxItem.state == "failed", OutboxItem.ended_at < now - FAILED_JOBS_KEPT),
    ),
    Sweep("mails", Mail, lambda now: Mail.created_at < now - NOTICES_KEPT),
    Sweep(
        "notices",
        Notice,
        lambda now: and_(
            Notice.ended_at < now - NOTICES_KEPT, ~select(Mail.id).where(Mail.notice_id == Notice.id).exists()
        ),
    ),
    Sweep(
        "roster_members",
        RosterMember,
        lambda now: or_(RosterMember.left_at < now - LEFT_KEPT, RosterMember.seen_at < now - UNSEEN_KEPT),
    ),
    Sweep("only_listed_identities", Identity, lambda _now: and_(Identity.is_only_listed, ~_is_referred_to())),
    Sweep("consents", SharingConsent, lambda now: SharingConsent.withdrawn_at < now - WISHES_KEPT),
    Sweep("erasure_requests", ErasureRequest, lambda now: ErasureRequest.answered_at < now - WISHES_KEPT),
    Sweep("named_employers", NamedEmployer, lambda now: NamedEmployer.withdrawn_at < now - WISHES_KEPT),
    Sweep("crossings_sent", CrossingSent, crossing_sent.is_old),
    Sweep("crossings_received", CrossingReceived, crossing_received.is_old),
    Sweep("gathering_attendances", GatheringAttendance, gatherings.is_old_list),
    Sweep("gatherings", Gathering, gatherings.is_old),
    Sweep("sign_off_requests", SignOffRequest, sign_off_requests.is_old),
    Sweep("change_pulls", ChangePull, change_feed.is_old_pull),
    Sweep("sync_runs", SyncRun, sync_runs.is_old_run),
    Sweep("report_runs", ReportRun, report_runs.is_old),
    Sweep("audit_entries", AuditEntry, lambda now: AuditEntry.at < now - AUDIT_KEPT),
    Sweep("access_log", Look, lambda now: Look.day < day_of(now - ACCESS_KEPT)),
)
"""Mails stand before their notices, members of rosters before who stood in nothing else, lists before gatherings."""


def sweep(db: Session, one: Sweep, now: datetime, limit: int) -> int:
    """Remove at most `limit` rows of a kind; return how many."""
    key = list(inspect(one.table).primary_key)
    rows = db.execute(select(*key).where(one.is_old(now)).limit(limit)).all()
    these = tuple_(*key).in_([tuple(row) for row in rows]) if len(key) > 1 else key[0].in_([row[0] for row in rows])
    if rows:
        db.execute(delete(one.table).where(these))
    return len(rows)


def count_old(db: Session, one: Sweep, now: datetime) -> int:
    """Return how many rows of a kind would be removed now."""
    return db.scalar(select(func.count()).select_from(one.table).where(one.is_old(now))) or 0
