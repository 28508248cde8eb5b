"""Keep launches: logins under way, launches that succeeded, and launches that failed with a reference."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import (
    Executable,
    ForeignKey,
    Index,
    String,
    Text,
    and_,
    bindparam,
    delete,
    func,
    inspect,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core import erased_subjects, placing
from sidecar.core.courses import Course
from sidecar.core.db import Base, Id, JsonValue, Key, UtcDateTime, new_id
from sidecar.core.deployments import Deployment
from sidecar.core.one_way import hash_secret
from sidecar.core.people import Identity
from sidecar.core.platforms import FACTS, Platform, PlatformFacts, is_active, platform_of_id
from sidecar.core.statements import insert_now, run, update_now

LOGIN_LIFETIME = timedelta(minutes=10)
FAILURES_KEPT = timedelta(days=90)
FAILURES_AN_HOUR = 50
"""How many failures of one kind on one platform are kept of an hour; beyond it they tell nothing new.

Counted by kind and platform, so that forged launches can't crowd out those of people.
"""

MOST_FAILURES_OF_NO_LMS = 10_000
"""How many of no LMS that is known here are kept: anybody may cause those, so that there must be an end."""

LOGINS_KEPT = timedelta(hours=1)
"""How long after their end: a login that comes back late is told so."""

MOST_LOGINS = 200_000
"""How many logins are kept: an hour of a busy morning. Anybody may start one, so that there must be an end."""

REFERENCE_LENGTH = 8
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Digits and letters that nobody mistakes for one another on the telephone."""


class LoginRecord(Base, kw_only=True):
    """A third-party-initiated login under way (10 minutes); the only store of nonces, consumed once."""

    __tablename__ = "login_record"

    state_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    platform_id: Mapped[Id] = mapped_column(ForeignKey("platform.id"))
    nonce: Mapped[str] = mapped_column(String(64), repr=False)
    browser_secret_hash: Mapped[str] = mapped_column(String(64), repr=False)
    target_link_uri: Mapped[str] = mapped_column(String(1000))
    deployment_hint: Mapped[str | None] = mapped_column(String(255), default=None)
    storage_target: Mapped[str | None] = mapped_column(String(255), default=None)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    consumed_at: Mapped[datetime | None] = mapped_column(default=None)


class Launch(Base, kw_only=True):
    """A launch that was let in: who, from where, to which course, and how to send the grade back."""

    __tablename__ = "launch"
    __table_args__ = (
        Index("ix_launch_platform_id_launched_at", "platform_id", "launched_at"),
        Index("ix_launch_context_id_course_id", "platform_id", "deployment_id", "context_id", "course_id"),
    )

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    platform_id: Mapped[Id] = mapped_column(ForeignKey("platform.id"))
    deployment_id: Mapped[str] = mapped_column(String(255))
    identity_id: Mapped[Id] = mapped_column(ForeignKey("identity.id"), index=True)
    resource_link_id: Mapped[str] = mapped_column(String(255))
    context_id: Mapped[str | None] = mapped_column(String(255), default=None)
    course_id: Mapped[Id | None] = mapped_column(ForeignKey("course.id"), default=None)
    lineitem_url: Mapped[str | None] = mapped_column(Text, default=None)
    lineitems_url: Mapped[str | None] = mapped_column(Text, default=None)
    ags_scopes: Mapped[JsonValue] = mapped_column(default_factory=list)
    return_url: Mapped[str | None] = mapped_column(Text, default=None)
    language: Mapped[str] = mapped_column(String(2), default="nb")
    launched_at: Mapped[datetime] = mapped_column(index=True)


class FailedLaunch(Base, kw_only=True):
    """A launch that was refused; the page shows the reference, staff find the reason by it.

    `claims`: what the LMS said, personal data masked, in rows of `name` and `value`, or `kind` and `size` where it is
    masked; None where nothing could be read.
    """

    __tablename__ = "failed_launch"

    reference: Mapped[str] = mapped_column(String(16), primary_key=True)
    code: Mapped[str] = mapped_column(String(60))
    facts: Mapped[JsonValue] = mapped_column(default_factory=dict)
    claims: Mapped[JsonValue | None] = mapped_column(default=None)
    platform_id: Mapped[Id | None] = mapped_column(ForeignKey("platform.id"), default=None)
    failed_at: Mapped[datetime] = mapped_column(index=True)


@dataclass(frozen=True)
class PendingLogin:
    """A login that a launch answers, and its platform with the deployments that may launch.

    `is_open`: neither used nor too old.
    """

    state_hash: str
    nonce: str = field(repr=False)
    browser_secret_hash: str = field(repr=False)
    target_link_uri: str
    deployment_hint: str | None
    is_open: bool
    platform: PlatformFacts
    deployments: frozenset[str]


@dataclass(frozen=True)
class Learner:
    """Who a verified launch says has come; personal data stays out of its printed form."""

    subject: str = field(repr=False)
    name: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    person_sourcedid: str | None = field(default=None, repr=False)


def record_login(db: Session, record: LoginRecord) -> None:
    """Write a login down."""
    insert_now(db, record)


def bound_logins(db: Session, now: datetime) -> None:
    """Forget the logins that ended an hour ago, and the oldest beyond `MOST_LOGINS`: a stranger's fill no disk."""
    db.execute(delete(LoginRecord).where(LoginRecord.expires_at < now - LOGINS_KEPT))
    first_too_many = select(LoginRecord.expires_at).order_by(LoginRecord.expires_at.desc()).offset(MOST_LOGINS).limit(1)
    bound = db.scalar(first_too_many)
    if bound is not None:
        db.execute(delete(LoginRecord).where(LoginRecord.expires_at <= bound))


def find_login(db: Session, state: str, now: datetime) -> PendingLogin | None:
    """Return the login that a launch answers, with its platform: all in one statement. It is not used up by that.

    Raises:
        PlatformInactiveError: its platform may not open anything any more.
    """
    rows = run(db, _pending_login(), state=hash_secret(state)).all()
    if not rows:
        return None
    deployments = frozenset(row.allowed_deployment for row in rows if row.allowed_deployment is not None)
    platform_facts, own = rows[0][: len(FACTS)], rows[0]
    is_open = own.consumed_at is None and own.expires_at > now
    if is_open and not own.is_active:
        platform_of_id(db, own.platform_id)
    return PendingLogin(
        state_hash=own.state_hash,
        nonce=own.nonce,
        browser_secret_hash=own.browser_secret_hash,
        target_link_uri=own.target_link_uri,
        deployment_hint=own.deployment_hint,
        is_open=is_open,
        platform=PlatformFacts(*platform_facts),
        deployments=deployments,
    )


@cache
def _pending_login() -> Executable:
    allowed = and_(Deployment.platform_id == Platform.id, Deployment.state == "active")
    columns = is_active().label("is_active"), Deployment.deployment_id.label("allowed_deployment")
    query = select(*FACTS, *inspect(LoginRecord).columns, *columns)
    query = query.join(Platform, Platform.id == LoginRecord.platform_id).outerjoin(Deployment, allowed)
    return query.where(LoginRecord.state_hash == bindparam("state"))


def consume_login(db: Session, state_hash: str, now: datetime) -> bool:
    """Take a login out of the game; tell whether this is its first use and in time."""
    return run(db, _consumption(), state=state_hash, now=now).rowcount == 1


def find_stored_login(db: Session, state: str, now: datetime) -> LoginRecord | None:
    """Return a login that is under way and whose secret the platform's window keeps; it is not used up by that."""
    ours = LoginRecord.state_hash == hash_secret(state), LoginRecord.storage_target.is_not(None)
    return db.scalar(select(LoginRecord).where(*ours, LoginRecord.consumed_at.is_(None), LoginRecord.expires_at > now))


@cache
def _consumption() -> Executable:
    is_open = LoginRecord.consumed_at.is_(None), LoginRecord.expires_at > bindparam("now")
    ours = update(LoginRecord).where(LoginRecord.state_hash == bindparam("state"), *is_open)
    return ours.values(consumed_at=bindparam("now", type_=UtcDateTime()))


def welcome(db: Session, platform_id: str, learner: Learner, now: datetime) -> Identity:
    """Return the identity of (platform, subject), made or refreshed, and placed if that can be done.

    What the platform leaves out this time stays as it was. The row is locked till the end of the transaction: of two
    launches of one learner the second waits, before anything that refers to the row could make both wait for ever.

    Returns:
        A copy: what is changed in it later is not written.
    """
    known = _find_identity(db, platform_id, learner.subject)
    if known is None:
        erased_subjects.forget(db, platform_id, learner.subject)
    identity = known or Identity(platform_id=platform_id, subject=learner.subject, first_seen_at=now, last_seen_at=now)
    if identity.is_only_listed:
        identity.first_seen_at, identity.is_only_listed = now, False
    identity.last_seen_at = now
    _refresh(db, identity, platform_id, learner, now, is_new=known is None)
    (update_now if known else insert_now)(db, identity)
    return identity


def hear_of(db: Session, platform_id: str, learner: Learner, now: datetime) -> None:
    """Take over what a roster says of somebody we know, as at a launch, but not as if they had come."""
    identity = _find_identity(db, platform_id, learner.subject)
    if identity is not None:
        _refresh(db, identity, platform_id, learner, now)
        update_now(db, identity)


def _find_identity(db: Session, platform_id: str, subject: str) -> Identity | None:
    row = run(db, _known_identity(), platform_id=platform_id, subject=subject).one_or_none()
    return Identity(**row._mapping) if row else None


def _refresh(
    db: Session, identity: Identity, platform_id: str, learner: Learner, now: datetime, *, is_new: bool = False
) -> None:
    identity.name, identity.email = as_told(learner, identity.name, identity.email)
    placing.take_value(db, identity, learner.person_sourcedid, now)
    placing.place(db, identity, platform_id, now, is_new=is_new)


def as_told(learner: Learner, name: str | None, email: str | None) -> tuple[str | None, str | None]:
    """Return the name and e-mail to keep: what a platform says now, where it does, or what we had."""
    usable = learner.email and len(learner.email) <= 320
    return learner.name[:400] if learner.name else name, learner.email if usable else email


@cache
def _known_identity() -> Executable:
    same = Identity.platform_id == bindparam("platform_id"), Identity.subject == bindparam("subject")
    return select(Identity).where(*same).with_for_update()


def find_newest(
    db: Session, platform_id: str, *, course_key: str = "", in_a_course: bool = False, has_columns: bool = False
) -> Launch | None:
    """Return the newest launch from an LMS, or None.

    Args:
        course_key: one that opened this course of ours; "" for any.
        in_a_course: one that opened a course at all.
        has_columns: one that told where the LMS keeps the columns of its gradebook.
    """
    wanted = select(Launch).where(Launch.platform_id == platform_id)
    if course_key:
        wanted = wanted.where(Launch.course_id == select(Course.id).where(Course.key == course_key).scalar_subquery())
    if in_a_course:
        wanted = wanted.where(Launch.course_id.is_not(None))
    if has_columns:
        wanted = wanted.where(Launch.lineitems_url.is_not(None))
    return db.scalar(wanted.order_by(Launch.launched_at.desc()).limit(1))


def list_line_items_urls(db: Session, platform_id: str) -> Sequence[tuple[str, str]]:
    """Return, for each course of an LMS, where launches said that its columns are kept: the course's id, and the URL.

    An activity outside of any course has "" for it.
    """
    context_id = func.coalesce(Launch.context_id, "")
    told = select(context_id, Launch.lineitems_url).where(
        Launch.platform_id == platform_id, Launch.lineitems_url.is_not(None)
    )
    return [(context, url) for context, url in db.execute(told.distinct().order_by(context_id)) if url]


def new_reference() -> str:
    """Return a reference for an error page, e.g. `7K3M9QXA`."""
    return "".join(secrets.choice(CROCKFORD) for _ in range(REFERENCE_LENGTH))


def record_failure(
    db: Session,
    code: str,
    facts: Mapping[str, str | int],
    *,
    reference: str,
    platform_id: str | None,
    now: datetime,
    claims: Sequence[Mapping[str, str]] | None = None,
) -> None:
    """Write down why a launch was refused, and forget what is older than `FAILURES_KEPT`.

    Of no LMS only the newest `MOST_FAILURES_OF_NO_LMS` are kept.

    Args:
        facts: never personal data.
        claims: what the LMS said, masked, in rows; None where it could not be read or was no answer to a login of ours.
    """
    db.execute(delete(FailedLaunch).where(FailedLaunch.failed_at < now - FAILURES_KEPT))
    lately = select(func.count()).where(
        FailedLaunch.failed_at > now - timedelta(hours=1),
        FailedLaunch.code == code,
        FailedLaunch.platform_id.is_not_distinct_from(platform_id),
    )
    if (db.scalar(lately) or 0) >= FAILURES_AN_HOUR:
        return
    failed = FailedLaunch(reference=reference, code=code, facts=dict(facts), platform_id=platform_id, failed_at=now)
    failed.claims = None if claims is None else [dict(row) for row in claims]
    db.add(failed)
    db.flush()
    if platform_id is None:
        _bound_failures_of_no_lms(db)


def _bound_failures_of_no_lms(db: Session) -> None:
    of_none = FailedLaunch.platform_id.is_(None)
    newest_first = select(FailedLaunch.failed_at).where(of_none).order_by(FailedLaunch.failed_at.desc())
    bound = db.scalar(newest_first.offset(MOST_FAILURES_OF_NO_LMS).limit(1))
    if bound is not None:
        db.execute(delete(FailedLaunch).where(of_none, FailedLaunch.failed_at <= bound))
