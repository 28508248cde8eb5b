"""Keep the sign-ins of contacts, who have no account: what the cookie stands for, and what it opens."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, ForeignKey, String, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.access import Viewer
from sidecar.core.contacts import Contact, is_in_force
from sidecar.core.db import Base, Id, Key, new_id
from sidecar.core.one_way import hash_secret
from sidecar.errors import SidecarError

HOURS: Final = 8
"""A working day, as for staff."""

KEPT: Final = timedelta(days=30)
SECRET_BYTES: Final = 32


class ContactSignIn(Base, kw_only=True):
    """A signed-in contact; the cookie holds a secret whose SHA-256 stands here."""

    __tablename__ = "contact_sign_in"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True, repr=False)
    contact_id: Mapped[Id] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(default=None)


class ContactNotSignedInError(SidecarError):
    """You are not signed in, or it is too long since. Sign in with a code that is sent to your e-mail address."""

    code = "contact-not-signed-in"


@dataclass(frozen=True)
class SignedInContact:
    """Who is signed in: one address, which may be a contact of several municipalities.

    Attributes:
        contact_ids: id of the contact by municipality's id, of those in force.
    """

    email: str = field(repr=False)
    language: str
    wants_mail: bool
    contact_ids: Mapping[str, str]

    @property
    def viewer(self) -> Viewer:
        """What they may see: the reports of exactly their municipalities."""
        return Viewer(roles=frozenset({"contact"}), municipality_ids=frozenset(self.contact_ids))

    def viewer_in(self, municipality_id: str) -> Viewer:
        """Return the viewer of one of their municipalities, by which the access log knows them."""
        here = frozenset({municipality_id}) & frozenset(self.contact_ids)
        contact_id = self.contact_ids.get(municipality_id)
        return Viewer(roles=frozenset({"contact"}), municipality_ids=here, contact_id=contact_id)


def start(db: Session, contact_id: str, now: datetime) -> str:
    """Start a sign-in and return its secret, which only the browser keeps."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    ends = now + timedelta(hours=HOURS)
    db.add(ContactSignIn(secret_hash=hash_secret(secret), contact_id=contact_id, created_at=now, expires_at=ends))
    db.flush()
    return secret


def find(db: Session, secret: str, now: datetime, today: date) -> SignedInContact:
    """Return who is signed in now.

    Raises:
        ContactNotSignedInError: unknown, ended, expired, or the contact has ended or has another address by now.
    """
    query = select(Contact).join(ContactSignIn, ContactSignIn.contact_id == Contact.id)
    lives = ContactSignIn.secret_hash == hash_secret(secret), ContactSignIn.ended_at.is_(None)
    same_address = ContactSignIn.created_at >= Contact.confirmed_at
    contact = db.scalar(query.where(*lives, ContactSignIn.expires_at > now, same_address, is_in_force(today)))
    if contact is None:
        raise ContactNotSignedInError
    same = select(Contact.municipality_id, Contact.id).where(Contact.email == contact.email, is_in_force(today))
    return SignedInContact(
        email=contact.email,
        language=contact.language,
        wants_mail=contact.wants_mail,
        contact_ids={row.municipality_id: row.id for row in db.execute(same)},
    )


def end(db: Session, secret: str, now: datetime) -> None:
    """End a sign-in; one that has ended stays as it is."""
    _end(db, ContactSignIn.secret_hash == hash_secret(secret), now)


def end_all(db: Session, contact_id: str, now: datetime) -> None:
    """End all sign-ins of a contact, who has ended or has another address."""
    _end(db, ContactSignIn.contact_id == contact_id, now)


def is_old(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a sign-in ended so long ago that it is kept no longer."""
    return or_(ContactSignIn.expires_at < now - KEPT, ContactSignIn.ended_at < now - KEPT)


def _end(db: Session, which: ColumnElement[bool], now: datetime) -> None:
    ended = update(ContactSignIn).where(which, ContactSignIn.ended_at.is_(None), ContactSignIn.expires_at > now)
    db.execute(ended.values(ended_at=now))
