"""Keep sign-ins: server-side sessions, and one-time links that make one."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    ForeignKey,
    Select,
    String,
    and_,
    bindparam,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.db import Base, Id, Key, new_id
from sidecar.core.one_way import hash_secret
from sidecar.core.platforms import Platform
from sidecar.core.statements import insert_now
from sidecar.errors import SidecarError

STAFF_HOURS = 8
"""A working day: then everybody signs in again."""

STAFF_IDLE = timedelta(minutes=60)
"""How long a staff sign-in lasts unused: an open browser in a shared room."""

SEEN_EVERY = timedelta(minutes=5)
"""How exactly it is kept when a sign-in was last used, so that hardly any request writes."""

LINK_MINUTES = 15
SECRET_BYTES = 32


class NotSignedInError(SidecarError):
    """You are not signed in, or it is too long since. Open the page again from your LMS or with a new sign-in link."""

    code = "not-signed-in"


class LinkSpentError(SidecarError):
    """This sign-in link has been used or is too old. Ask for a new one; each works once, for 15 minutes."""

    code = "link-spent"


class SignIn(Base, kw_only=True):
    """A signed-in session; the cookie holds a secret whose SHA-256 stands here.

    `platform_id` is the LMS it came through, None for a sign-in link; `last_seen_at` when it was last used, to about
    `SEEN_EVERY`.
    """

    __tablename__ = "sign_in"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True, repr=False)
    identity_id: Mapped[Id] = mapped_column(ForeignKey("identity.id"), index=True)
    launch_id: Mapped[Id | None] = mapped_column(ForeignKey("launch.id"), index=True, default=None)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
    platform_id: Mapped[Id | None] = mapped_column(ForeignKey("platform.id"), default=None)
    last_seen_at: Mapped[datetime | None] = mapped_column(default=None)


class SignInLink(Base, kw_only=True):
    """A one-time link: 15 minutes, one use; the secret stands in the URL's fragment and is sent by POST."""

    __tablename__ = "sign_in_link"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True, repr=False)
    identity_id: Mapped[Id] = mapped_column(ForeignKey("identity.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None] = mapped_column(default=None)


def start(
    db: Session,
    identity_id: str,
    launch_id: str | None,
    now: datetime,
    *,
    hours: float = STAFF_HOURS,
    platform_id: str | None = None,
) -> str:
    """Start a sign-in and return its secret, which only the browser keeps.

    Args:
        launch_id: the launch it is bound to; None for staff pages.
        platform_id: the LMS it came through; it ends when that is disabled.
    """
    secret = secrets.token_urlsafe(SECRET_BYTES)
    expires_at = now + timedelta(hours=hours)
    row = SignIn(
        secret_hash=hash_secret(secret),
        identity_id=identity_id,
        launch_id=launch_id,
        created_at=now,
        expires_at=expires_at,
        platform_id=platform_id,
    )
    insert_now(db, row)
    return secret


def find(db: Session, secret: str, now: datetime) -> SignIn:
    """Return the sign-in that holds now.

    Raises:
        NotSignedInError: unknown, ended, expired, idle for too long, or its LMS was disabled or removed.
    """
    if not secret:
        raise NotSignedInError
    said = {"secret_hash": hash_secret(secret), "now": now, "idle_since": now - STAFF_IDLE}
    sign_in = db.scalar(_holding(), said)
    if sign_in is None:
        raise NotSignedInError
    return sign_in


@cache
def _holding() -> Select[SignIn]:
    query = select(SignIn).outerjoin(Platform, SignIn.platform_id == Platform.id)
    holding = _holds(bindparam("now"), bindparam("idle_since"))
    return query.where(SignIn.secret_hash == bindparam("secret_hash"), holding)


def holds(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a sign-in holds at a moment; `Platform` must be joined by an outer join."""
    return _holds(now, now - STAFF_IDLE)


def _holds(now: datetime | BindParameter[Any], idle_since: datetime | BindParameter[Any]) -> ColumnElement[bool]:
    is_used = func.coalesce(SignIn.last_seen_at, SignIn.created_at) > idle_since
    return and_(
        SignIn.ended_at.is_(None),
        SignIn.expires_at > now,
        or_(SignIn.launch_id.is_not(None), is_used),
        Platform.disabled_at.is_(None),
        Platform.removed_at.is_(None),
    )


def is_seen_long_ago(sign_in: SignIn, now: datetime) -> bool:
    """Tell whether the use of a staff sign-in is to be noted again."""
    return sign_in.launch_id is None and (sign_in.last_seen_at or sign_in.created_at) <= now - SEEN_EVERY


def note_use(db: Session, sign_in_id: str, now: datetime) -> None:
    """Note that a sign-in was used."""
    db.execute(update(SignIn).where(SignIn.id == sign_in_id).values(last_seen_at=now))


def end(db: Session, secret: str, now: datetime) -> None:
    """End a sign-in; one that has ended stays as it is."""
    _end(db, SignIn.secret_hash == hash_secret(secret), now)


def end_by_id(db: Session, sign_in_id: str, now: datetime) -> None:
    """End a sign-in; one that has ended stays as it is."""
    _end(db, SignIn.id == sign_in_id, now)


def end_staff_ones(db: Session, identity_id: str, now: datetime, *, but: str = "") -> int:
    """End the staff sign-ins of an identity, and its links that were not used yet; return how many sign-ins ended.

    Args:
        but: id of the one to keep.
    """
    unused = SignInLink.identity_id == identity_id, SignInLink.used_at.is_(None)
    db.execute(update(SignInLink).where(*unused).values(used_at=now))
    return _end(db, and_(SignIn.identity_id == identity_id, SignIn.launch_id.is_(None), SignIn.id != but), now)


def _end(db: Session, which: ColumnElement[bool], now: datetime) -> int:
    ended = update(SignIn).where(which, SignIn.ended_at.is_(None), SignIn.expires_at > now).values(ended_at=now)
    return len(db.scalars(ended.returning(SignIn.id)).all())


def make_link(db: Session, identity_id: str, now: datetime) -> str:
    """Make a one-time link and return its secret."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    expires_at = now + timedelta(minutes=LINK_MINUTES)
    db.add(SignInLink(secret_hash=hash_secret(secret), identity_id=identity_id, created_at=now, expires_at=expires_at))
    db.flush()
    return secret


def use_link(db: Session, secret: str, now: datetime) -> str:
    """Use a link up and return whose it is.

    Raises:
        LinkSpentError: unknown, used before, or expired.
    """
    claim = (
        update(SignInLink)
        .where(SignInLink.secret_hash == hash_secret(secret), SignInLink.used_at.is_(None), SignInLink.expires_at > now)
        .values(used_at=now)
        .returning(SignInLink.identity_id)
    )
    identity_id = db.scalar(claim)
    if identity_id is None:
        raise LinkSpentError
    return identity_id
