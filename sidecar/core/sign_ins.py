"""Keep sign-ins: server-side sessions, and one-time links that make one."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.db import Base, Id, Key, new_id
from sidecar.core.one_way import hash_secret
from sidecar.errors import SidecarError

STAFF_HOURS = 8
LINK_MINUTES = 15
SECRET_BYTES = 32


class NotSignedInError(SidecarError):
    """You are not signed in, or it is too long since. Open the page again from your LMS or with a new sign-in link."""

    code = "not-signed-in"


class LinkSpentError(SidecarError):
    """This sign-in link has been used or is too old. Ask for a new one; each works once, for 15 minutes."""

    code = "link-spent"


class SignIn(Base, kw_only=True):
    """A signed-in session; the cookie holds a secret whose SHA-256 stands here."""

    __tablename__ = "sign_in"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True, repr=False)
    identity_id: Mapped[Id] = mapped_column(ForeignKey("identity.id"), index=True)
    launch_id: Mapped[Id | None] = mapped_column(ForeignKey("launch.id"), default=None)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(default=None)


class SignInLink(Base, kw_only=True):
    """A one-time link: 15 minutes, one use; the secret stands in the URL's fragment and is sent by POST."""

    __tablename__ = "sign_in_link"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True, repr=False)
    identity_id: Mapped[Id] = mapped_column(ForeignKey("identity.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None] = mapped_column(default=None)


def start(db: Session, identity_id: str, launch_id: str | None, now: datetime, *, hours: float = STAFF_HOURS) -> str:
    """Start a sign-in and return its secret, which only the browser keeps.

    Args:
        launch_id: the launch it is bound to; None for staff pages.
    """
    secret = secrets.token_urlsafe(SECRET_BYTES)
    expires_at = now + timedelta(hours=hours)
    row = SignIn(
        secret_hash=hash_secret(secret),
        identity_id=identity_id,
        launch_id=launch_id,
        created_at=now,
        expires_at=expires_at,
    )
    db.add(row)
    db.flush()
    return secret


def find(db: Session, secret: str, now: datetime) -> SignIn:
    """Return the sign-in that holds now.

    Raises:
        NotSignedInError: unknown, ended or expired.
    """
    query = select(SignIn).where(
        SignIn.secret_hash == hash_secret(secret), SignIn.ended_at.is_(None), SignIn.expires_at > now
    )
    sign_in = db.scalar(query)
    if sign_in is None:
        raise NotSignedInError
    return sign_in


def end(db: Session, secret: str, now: datetime) -> None:
    """End a sign-in; one that has ended stays as it is."""
    db.execute(
        update(SignIn).where(SignIn.secret_hash == hash_secret(secret), SignIn.ended_at.is_(None)).values(ended_at=now)
    )


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
