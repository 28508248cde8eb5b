"""Keep the contacts of municipalities: who is told of reports, in which language, from when till when."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, ForeignKey, String, UniqueConstraint, and_, or_, select, true, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core import audit
from sidecar.core.access import Viewer
from sidecar.core.db import Base, Id, Key, new_id
from sidecar.core.makers import has_lost_right
from sidecar.core.municipalities import Municipality
from sidecar.errors import NotFoundError, SidecarError
from sidecar.language import known

KEPT: Final = timedelta(days=365)
"""How long a contact is kept after their last day."""

ADDRESS_CHARACTERS: Final = 254
NAME_CHARACTERS: Final = 200
ROLE_CHARACTERS: Final = 100

_ADDRESS: Final = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9æøå-]+(\.[a-z0-9æøå-]+)+")


class Contact(Base, kw_only=True):
    """One contact of one municipality; an address is there once for each municipality, in lower case.

    `role` is in the municipality's own words; `ends_on` is the last day. They are told of reports where they have
    confirmed the address and `wants_mail`.
    """

    __tablename__ = "contact"
    __table_args__ = (UniqueConstraint("municipality_id", "email"),)

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    municipality_id: Mapped[Id] = mapped_column(ForeignKey("municipality.id"))
    name: Mapped[str] = mapped_column(String(NAME_CHARACTERS), repr=False)
    email: Mapped[str] = mapped_column(String(ADDRESS_CHARACTERS), index=True, repr=False)
    role: Mapped[str] = mapped_column(String(ROLE_CHARACTERS), default="")
    language: Mapped[str] = mapped_column(String(2), default="nb")
    starts_on: Mapped[date]
    ends_on: Mapped[date | None] = mapped_column(default=None)
    wants_mail: Mapped[bool] = mapped_column(default=True)
    confirmed_at: Mapped[datetime | None] = mapped_column(default=None)
    created_by: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None)
    created_at: Mapped[datetime]


class ContactAddressError(SidecarError):
    """That is not one e-mail address. Write it as name@municipality.no, without spaces."""

    code = "contact-address"


class ContactFormError(SidecarError):
    """The contact was not kept. Write a name (200 characters at most), a role (100 at most), and choose a language."""

    code = "contact-form"


class ContactDaysError(SidecarError):
    """The last day lies before the first. Correct one of them."""

    code = "contact-days"


class ContactThereError(SidecarError):
    """This municipality has a contact with this address already. Change that one instead."""

    code = "contact-there"


@dataclass(frozen=True)
class Wanted:
    """What a contact shall be, as somebody typed it."""

    name: str
    email: str
    role: str
    language: str
    starts_on: date
    ends_on: date | None = None
    wants_mail: bool = True


def read_address(text: str) -> str:
    """Return an address as it is kept: in lower case.

    Raises:
        ContactAddressError: it is not exactly one.
    """
    address = text.strip().lower()
    if len(address) > ADDRESS_CHARACTERS or not _ADDRESS.fullmatch(address):
        raise ContactAddressError
    return address


def may_keep(viewer: Viewer, municipality_id: str) -> bool:
    """Tell whether the viewer keeps the contacts of a municipality: its RKK, and operators."""
    return viewer.everything or municipality_id in viewer.rkk_for


def may_see_contact(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `Contact` that bounds a query to those the viewer keeps."""
    return true() if viewer.everything else Contact.municipality_id.in_(viewer.rkk_for)


def is_in_force(today: date) -> ColumnElement[bool]:
    """Return the condition that a contact has confirmed the address, and that the day is one of theirs."""
    lasts = or_(Contact.ends_on.is_(None), Contact.ends_on >= today)
    return and_(Contact.confirmed_at.is_not(None), Contact.starts_on <= today, lasts)


def list_addresses(db: Session, municipality_id: str, today: date) -> list[tuple[str, str]]:
    """Return address and language of whom a municipality wants to be told of its reports.

    Args:
        today: the day in Europe/Oslo.
    """
    query = select(Contact.email, Contact.language).where(Contact.municipality_id == municipality_id)
    told = query.where(is_in_force(today), Contact.wants_mail.is_(True)).order_by(Contact.email)
    return [(email, language) for email, language in db.execute(told)]


def list_contacts(
    db: Session, viewer: Viewer, municipality_id: str | None = None
) -> Sequence[tuple[Contact, Municipality]]:
    """Return the contacts that a viewer keeps, with their municipality, by its name and theirs."""
    query = select(Contact, Municipality).join(Municipality, Municipality.id == Contact.municipality_id)
    query = query.where(may_see_contact(viewer))
    if municipality_id is not None:
        query = query.where(Contact.municipality_id == municipality_id)
    return [(one, of) for one, of in db.execute(query.order_by(Municipality.name, Contact.name, Contact.id))]


def list_left(db: Session, viewer: Viewer, now: datetime) -> frozenset[str]:
    """Return the ids of the contacts that the viewer keeps and somebody added who may not keep them any more."""
    is_left = has_lost_right(Contact.created_by, Contact.municipality_id, now)
    return frozenset(db.scalars(select(Contact.id).where(may_see_contact(viewer), is_left)))


def list_own(db: Session, viewer: Viewer, email: str) -> Sequence[tuple[Contact, Municipality]]:
    """Return what is kept of an address as a contact of the municipalities that the viewer, who has it, sees."""
    query = select(Contact, Municipality).join(Municipality, Municipality.id == Contact.municipality_id)
    own = query.where(Contact.email == email, Contact.municipality_id.in_(viewer.municipality_ids))
    return [(one, of) for one, of in db.execute(own.order_by(Municipality.name))]


def find_contact(db: Session, viewer: Viewer, contact_id: str) -> Contact:
    """Return a contact.

    Raises:
        NotFoundError: there is none that the viewer keeps.
    """
    found = db.scalar(select(Contact).where(Contact.id == contact_id, may_see_contact(viewer)))
    if found is None:
        raise NotFoundError(what="contact", key=contact_id)
    return found


def add_contact(db: Session, viewer: Viewer, municipality_id: str, wanted: Wanted, now: datetime) -> Contact:
    """Add a contact, who has not confirmed anything yet.

    Raises:
        NotFoundError: the municipality is not the viewer's to look after.
        SidecarError: something of it can't be kept; the class says what.
    """
    if not may_keep(viewer, municipality_id):
        raise NotFoundError(what="municipality", key=municipality_id)
    email = _check(wanted)
    _refuse_other(db, municipality_id, email)
    contact = Contact(
        municipality_id=municipality_id,
        name=wanted.name.strip(),
        email=email,
        role=wanted.role.strip(),
        language=wanted.language,
        starts_on=wanted.starts_on,
        ends_on=wanted.ends_on,
        wants_mail=wanted.wants_mail,
        created_by=viewer.identity_id,
        created_at=now,
    )
    db.add(contact)
    audit.record(db, "contact.added", municipality_id, at=now, identity_id=viewer.identity_id)
    db.flush()
    return contact


def change_contact(db: Session, viewer: Viewer, contact_id: str, wanted: Wanted, now: datetime) -> bool:
    """Change a contact; tell whether the address is another one, which must be confirmed anew.

    Raises:
        NotFoundError: there is none that the viewer keeps.
        SidecarError: something of it can't be kept; the class says what.
    """
    contact, email = find_contact(db, viewer, contact_id), _check(wanted)
    is_moved = email != contact.email
    if is_moved:
        _refuse_other(db, contact.municipality_id, email)
        contact.email, contact.confirmed_at = email, None
    contact.name, contact.role, contact.language = wanted.name.strip(), wanted.role.strip(), wanted.language
    contact.starts_on, contact.ends_on, contact.wants_mail = wanted.starts_on, wanted.ends_on, wanted.wants_mail
    about = contact.municipality_id
    audit.record(db, "contact.changed", about, at=now, identity_id=viewer.identity_id)
    db.flush()
    return is_moved


def end_contact(db: Session, viewer: Viewer, contact_id: str, now: datetime, today: date) -> None:
    """End a contact: yesterday was the last day. One that has ended stays as it is.

    Raises:
        NotFoundError: there is none that the viewer keeps.
    """
    contact = find_contact(db, viewer, contact_id)
    yesterday = today - timedelta(days=1)
    if contact.ends_on is None or contact.ends_on > yesterday:
        contact.ends_on = yesterday
        contact.starts_on = min(contact.starts_on, yesterday)
        about = contact.municipality_id
        audit.record(db, "contact.ended", about, at=now, identity_id=viewer.identity_id)
        db.flush()


def remove_contact(db: Session, viewer: Viewer, contact_id: str, now: datetime) -> None:
    """Remove a contact with all that is kept of them; what they confirmed and reported stays, without them.

    Raises:
        NotFoundError: there is none that the viewer keeps.
    """
    contact = find_contact(db, viewer, contact_id)
    about = contact.municipality_id
    db.delete(contact)
    audit.record(db, "contact.removed", about, at=now, identity_id=viewer.identity_id)
    db.flush()


def set_own_wishes(db: Session, email: str, *, language: str, wants_mail: bool) -> None:
    """Set the language and whether mails are wanted, for all that an address is a contact of.

    Raises:
        ContactFormError: it is none of our languages.
    """
    if known(language) != language:
        raise ContactFormError
    db.execute(update(Contact).where(Contact.email == email).values(language=language, wants_mail=wants_mail))


def is_old(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a contact ended so long ago that nothing is kept of them any more."""
    return Contact.ends_on < (now - KEPT).date()


def _check(wanted: Wanted) -> str:
    """Return the address to keep, where all of it can be kept."""
    fits = 0 < len(wanted.name.strip()) <= NAME_CHARACTERS and len(wanted.role.strip()) <= ROLE_CHARACTERS
    if not fits or known(wanted.language) != wanted.language:
        raise ContactFormError
    if wanted.ends_on is not None and wanted.ends_on < wanted.starts_on:
        raise ContactDaysError
    return read_address(wanted.email)


def _refuse_other(db: Session, municipality_id: str, email: str) -> None:
    here = Contact.municipality_id == municipality_id, Contact.email == email
    if db.scalar(select(Contact.id).where(*here)) is not None:
        raise ContactThereError
