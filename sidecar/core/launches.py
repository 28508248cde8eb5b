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
    String,
    Text,
    bindparam,
    delete,
    func,
    inspect,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core import placing
from sidecar.core.db import Base, Id, JsonValue, Key, UtcDateTime, new_id
from sidecar.core.one_way import hash_secret
from sidecar.core.people import Identity
from sidecar.core.statements import insert_now, run, update_now

LOGIN_LIFETIME = timedelta(minutes=10)
FAILURES_KEPT = timedelta(days=90)
FAILURES_AN_HOUR = 50
"""How many failures of one kind on one platform are kept of an hour; beyond it they tell nothing new.

Counted by kind and platform, so that forged launches can't crowd out those of people.
"""

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
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    consumed_at: Mapped[datetime | None] = mapped_column(default=None)


class Launch(Base, kw_only=True):
    """A launch that was let in: who, from where, to which course, and how to send the grade back."""

    __tablename__ = "launch"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    platform_id: Mapped[Id] = mapped_column(ForeignKey("platform.id"))
    deployment_id: Mapped[str] = mapped_column(String(255))
    identity_id: Mapped[Id] = mapped_column(ForeignKey("identity.id"), index=True)
    resource_link_id: Mapped[str] = mapped_column(String(255))
    context_id: Mapped[str | None] = mapped_column(String(255), default=None)
    course_id: Mapped[Id | None] = mapped_column(ForeignKey("course.id"), default=None)
    lineitem_url: Mapped[str | None] = mapped_column(Text, default=None)
    ags_scopes: Mapped[JsonValue] = mapped_column(default_factory=list)
    return_url: Mapped[str | None] = mapped_column(Text, default=None)
    language: Mapped[str] = mapped_column(String(2), default="nb")
    launched_at: Mapped[datetime] = mapped_column(index=True)


class FailedLaunch(Base, kw_only=True):
    """A launch that was refused; the page shows the reference, staff find the reason by it."""

    __tablename__ = "failed_launch"

    reference: Mapped[str] = mapped_column(String(16), primary_key=True)
    code: Mapped[str] = mapped_column(String(60))
    facts: Mapped[JsonValue] = mapped_column(default_factory=dict)
    platform_id: Mapped[Id | None] = mapped_column(ForeignKey("platform.id"), default=None)
    failed_at: Mapped[datetime] = mapped_column(index=True)


@dataclass(frozen=True)
class Learner:
    """Who a verified launch says has come; personal data stays out of its printed form."""

    subject: str = field(repr=False)
    name: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    person_sourcedid: str | None = field(default=None, repr=False)


def record_login(db: Session, record: LoginRecord) -> None:
    """Write a login down, and forget those that ended an hour ago."""
    run(db, _forgetting(), forgotten=record.created_at - LOGINS_KEPT)
    insert_now(db, record)


def bound_logins(db: Session) -> None:
    """Forget the oldest logins beyond `MOST_LOGINS`, so that a stranger's many can't fill the disk."""
    first_too_many = select(LoginRecord.expires_at).order_by(LoginRecord.expires_at.desc()).offset(MOST_LOGINS).limit(1)
    bound = db.scalar(first_too_many)
    if bound is not None:
        db.execute(delete(LoginRecord).where(LoginRecord.expires_at <= bound))


def consume_login(db: Session, state: str, now: datetime) -> LoginRecord | None:
    """Take a login out of the game, and return it if this is its first use and in time; else None."""
    row = run(db, _consumption(), state=hash_secret(state), now=now).one_or_none()
    return LoginRecord(**row._mapping) if row else None


@cache
def _forgetting() -> Executable:
    return delete(LoginRecord).where(LoginRecord.expires_at < bindparam("forgotten"))


@cache
def _consumption() -> Executable:
    is_open = LoginRecord.consumed_at.is_(None), LoginRecord.expires_at > bindparam("now")
    ours = update(LoginRecord).where(LoginRecord.state_hash == bindparam("state"), *is_open)
    return ours.values(consumed_at=bindparam("now", type_=UtcDateTime())).returning(*inspect(LoginRecord).columns)


def is_spent(db: Session, state: str) -> bool:
    """Tell whether we issued this state, as opposed to somebody else: it was used before or is too old."""
    query = select(LoginRecord.state_hash).where(LoginRecord.state_hash == hash_secret(state))
    return db.scalar(query) is not None


def welcome(db: Session, platform_id: str, learner: Learner, now: datetime) -> Identity:
    """Return the identity of (platform, subject), made or refreshed, and placed if that can be done.

    What the platform leaves out this time stays as it was. The row is locked till the end of the transaction: of two
    launches of one learner the second waits, before anything that refers to the row could make both wait for ever.

    Returns:
        A copy: what is changed in it later is not written.
    """
    row = run(db, _known_identity(), platform_id=platform_id, subject=learner.subject).one_or_none()
    identity = (
        Identity(**row._mapping)
        if row
        else Identity(platform_id=platform_id, subject=learner.subject, first_seen_at=now, last_seen_at=now)
    )
    identity.last_seen_at = now
    identity.name = learner.name[:400] if learner.name else identity.name
    identity.email = learner.email if learner.email and len(learner.email) <= 320 else identity.email
    placing.take_value(db, identity, learner.person_sourcedid, now)
    placing.place(db, identity, platform_id, now)
    (update_now if row else insert_now)(db, identity)
    return identity


@cache
def _known_identity() -> Executable:
    same = Identity.platform_id == bindparam("platform_id"), Identity.subject == bindparam("subject")
    return select(Identity).where(*same).with_for_update()


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
) -> None:
    """Write down why a launch was refused, and forget what is older than `FAILURES_KEPT`.

    Args:
        facts: never personal data.
    """
    db.execute(delete(FailedLaunch).where(FailedLaunch.failed_at < now - FAILURES_KEPT))
    lately = select(func.count()).where(
        FailedLaunch.failed_at > now - timedelta(hours=1),
        FailedLaunch.code == code,
        FailedLaunch.platform_id.is_not_distinct_from(platform_id),
    )
    if (db.scalar(lately) or 0) >= FAILURES_AN_HOUR:
        return
    db.add(FailedLaunch(reference=reference, code=code, facts=dict(facts), platform_id=platform_id, failed_at=now))
    db.flush()


def list_failures(db: Session, *, reference: str | None = None, limit: int = 50) -> Sequence[FailedLaunch]:
    """Return refused launches, the newest first.

    Args:
        reference: only this one, as somebody reads it out: small letters and spaces do no harm.
    """
    query = select(FailedLaunch).order_by(FailedLaunch.failed_at.desc()).limit(limit)
    if reference is not None:
        query = query.where(FailedLaunch.reference == reference.replace(" ", "").upper())
    return db.scalars(query).all()
