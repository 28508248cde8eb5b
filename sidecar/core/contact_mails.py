"""Keep the mails by which contacts confirm their address: how each went, and a hash of its link's secret."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ForeignKey, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core import audit, outbox
from sidecar.core.access import Viewer
from sidecar.core.contacts import Contact, find_contact
from sidecar.core.db import Base, Id, JsonValue, Key, new_id
from sidecar.core.municipalities import Municipality
from sidecar.core.one_way import hash_secret
from sidecar.core.periods import day_of
from sidecar.errors import SidecarError

KIND: Final = "contact-mail"
"""The kind of an outbox item that sends such a mail; its subject is the mail's id."""

LINK_DAYS: Final = 14
SECRET_BYTES: Final = 32
CODE_CHARACTERS: Final = 60


class ContactMail(Base, kw_only=True):
    """One mail with a link to confirm: `state` is waiting, sent or failed.

    The secret is made when the mail is sent. `error`: {template, facts} of the last failure, in English.
    """

    __tablename__ = "contact_mail"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    contact_id: Mapped[Id] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"), index=True)
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    secret_hash: Mapped[str | None] = mapped_column(String(64), unique=True, default=None, repr=False)
    expires_at: Mapped[datetime | None] = mapped_column(default=None)
    error_code: Mapped[str | None] = mapped_column(String(CODE_CHARACTERS), default=None)
    error: Mapped[JsonValue | None] = mapped_column(default=None)
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None] = mapped_column(default=None)


class ConfirmLinkError(SidecarError):
    """This link confirms nothing any more: it is older than 14 days, or a newer mail came after it. Use the newest mail, or ask the regional competence office for another."""  # noqa: E501

    code = "confirm-link"


class MailCameBackError(SidecarError):
    """A mail to this address came back, so none is sent to it. Write another one, or ask once more to confirm it."""

    code = "contact-mail-came-back"


def put(db: Session, contact: Contact, now: datetime) -> ContactMail:
    """Write down a mail that asks a contact to confirm the address; links of earlier mails lead nowhere from now on."""
    earlier = ContactMail.contact_id == contact.id
    db.execute(update(ContactMail).where(earlier).values(secret_hash=None))
    unsent = update(ContactMail).where(earlier, ContactMail.state == "waiting")
    db.execute(unsent.values(state="failed", error_code="replaced"))
    mail = ContactMail(contact_id=contact.id, created_at=now)
    db.add(mail)
    db.flush()
    outbox.put(db, KIND, mail.id, key=f"{KIND}:{mail.id}", now=now)
    return mail


def put_again(db: Session, viewer: Viewer, contact_id: str, now: datetime) -> ContactMail:
    """Ask a contact once more to confirm the address, by a new mail.

    Raises:
        NotFoundError: there is none that the viewer keeps.
    """
    contact = find_contact(db, viewer, contact_id)
    about = contact.municipality_id
    audit.record(db, "contact.asked_again", about, at=now, identity_id=viewer.identity_id)
    return put(db, contact, now)


def note_returned(db: Session, viewer: Viewer, contact_id: str, now: datetime) -> None:
    """Note that mail to a contact came back: no more is sent till they have confirmed an address anew.

    Raises:
        NotFoundError: there is none that the viewer keeps.
    """
    contact, error = find_contact(db, viewer, contact_id), MailCameBackError()
    contact.confirmed_at = None
    mail = list_newest(db, viewer, [contact_id]).get(contact_id) or ContactMail(contact_id=contact_id, created_at=now)
    db.add(mail)
    mail.state, mail.secret_hash = "failed", None
    mail.error_code, mail.error = error.code, {"template": error.text(), "facts": dict(error.facts)}
    about = contact.municipality_id
    audit.record(db, "contact.mail_came_back", about, at=now, identity_id=viewer.identity_id)
    db.flush()


def list_newest(db: Session, viewer: Viewer, contact_ids: Iterable[str]) -> dict[str, ContactMail]:
    """Return the newest mail to each of these contacts, as far as the viewer keeps them."""
    query = select(ContactMail).join(Contact, Contact.id == ContactMail.contact_id)
    wanted = query.where(ContactMail.contact_id.in_(list(contact_ids)))
    if not viewer.everything:
        wanted = wanted.where(Contact.municipality_id.in_(viewer.rkk_for))
    is_replaced = ContactMail.error_code.is_not(None).desc()  # of two of one moment, the one that holds comes last
    in_order = wanted.order_by(ContactMail.created_at, is_replaced, ContactMail.id)
    return {one.contact_id: one for one in db.scalars(in_order)}


def draw(db: Session, mail_id: str, now: datetime) -> str | None:
    """Return the secret of a mail that is to be sent now; None where it waits no longer.

    A second try draws another: which one arrived is not known, and the newest mail counts.
    """
    secret = secrets.token_urlsafe(SECRET_BYTES)
    drawn = (
        update(ContactMail)
        .where(ContactMail.id == mail_id, ContactMail.state == "waiting")
        .values(secret_hash=hash_secret(secret), expires_at=now + timedelta(days=LINK_DAYS))
        .returning(ContactMail.id)
    )
    return secret if db.scalar(drawn) else None


def record_sent(db: Session, mail_id: str, now: datetime) -> None:
    """Record that the server took a mail."""
    sent = {"state": "sent", "sent_at": now, "error_code": None, "error": None}
    db.execute(update(ContactMail).where(ContactMail.id == mail_id).values(sent))


def record_problem(db: Session, mail_id: str, error: SidecarError) -> None:
    """Record why a mail could not be sent this time."""
    told = {"template": error.text(), "facts": dict(error.facts)}
    waits = ContactMail.id == mail_id, ContactMail.state == "waiting"
    db.execute(update(ContactMail).where(*waits).values(error_code=error.code[:CODE_CHARACTERS], error=told))


def give_up(db: Session, mail_id: str, code: str) -> None:
    """Say that a mail which waits will not be sent any more, and why."""
    waits = ContactMail.id == mail_id, ContactMail.state == "waiting"
    db.execute(update(ContactMail).where(*waits).values(state="failed", error_code=code[:CODE_CHARACTERS]))


def confirm(db: Session, secret: str, now: datetime) -> str:
    """Confirm the address that a link was sent to, once or again; return the municipality's name.

    Raises:
        ConfirmLinkError: unknown, too old, replaced by a newer one, or the contact has ended.
    """
    holds = ContactMail.secret_hash == hash_secret(secret), ContactMail.expires_at > now
    query = select(Contact, Municipality.name).join(ContactMail, ContactMail.contact_id == Contact.id)
    found = db.execute(query.join(Municipality, Municipality.id == Contact.municipality_id).where(*holds)).first()
    if found is None or (found[0].ends_on is not None and found[0].ends_on < day_of(now)):
        raise ConfirmLinkError
    contact, municipality = found
    if contact.confirmed_at is None:
        contact.confirmed_at = now
        audit.record(db, "contact.confirmed", contact.municipality_id, at=now, actor="contact")
        db.flush()
    return municipality
