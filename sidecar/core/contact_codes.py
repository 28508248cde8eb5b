"""Keep the codes by which contacts sign in: six digits, ten minutes, five tries, one alive for an address and share.

Of whose share a code is says who asked: strangers together, or somebody who is likely the owner, whose code no stranger
ends by asking for another. Whoever asks is answered alike. For an address that nobody has, one of a few rows that lead
nowhere is used, so that asking takes the same steps, and what strangers ask for never grows. Of addresses and codes
only keyed hashes are kept.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Final

from sqlalchemy import ColumnElement, ForeignKey, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core import outbox
from sidecar.core.contacts import Contact, is_in_force
from sidecar.core.db import Base, Id, Key, new_id
from sidecar.core.hash_keys import HashKey
from sidecar.core.one_way import hash_secret
from sidecar.core.outbox import OutboxItem
from sidecar.core.periods import day_of
from sidecar.core.statements import upsert
from sidecar.errors import SidecarError
from sidecar.secrets import SecretBox

KIND: Final = "contact-code"
"""The kind of an outbox item that sends a code; its subject is the code's id."""

KEY_NAME: Final = "contact-code"
KEY_BYTES: Final = 32
DIGITS: Final = 6
MINUTES: Final = 10
TRIES: Final = 5
KEPT: Final = timedelta(days=1)
DECOY_DIGITS: Final = 2
"""How many hexadecimal digits of the hash choose the row that stands for an address nobody has: 256 of them."""


class ContactCode(Base, kw_only=True):
    """The one code of an address and share; `contact_id` is None in a row that stands for addresses nobody has.

    `browser_hash` is of a secret that only the browser which asked keeps: the code works there alone.
    """

    __tablename__ = "contact_code"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    address_hash: Mapped[str] = mapped_column(String(64), unique=True, repr=False)
    contact_id: Mapped[Id | None] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"), index=True)
    browser_hash: Mapped[str] = mapped_column(String(64), index=True, repr=False)
    code_hash: Mapped[str | None] = mapped_column(String(64), default=None, repr=False)
    tries: Mapped[int] = mapped_column(default=0)
    asked_at: Mapped[datetime] = mapped_column(index=True)
    expires_at: Mapped[datetime | None] = mapped_column(default=None)


class WrongCodeError(SidecarError):
    """That code does not work: it is mistyped, older than 10 minutes, used, or was tried too often. Look at the newest mail, or ask for a new code."""  # noqa: E501

    code = "wrong-code"


def open_key(db: Session, box: SecretBox) -> bytes | None:
    """Return the key of the hashes; None where none was made yet."""
    found = db.get(HashKey, KEY_NAME)
    return box.open(found.key) if found else None


def make_key(db: Session, box: SecretBox, now: datetime) -> bytes:
    """Make the key of the hashes, where nobody has yet, and return it."""
    row = {"name": KEY_NAME, "key": box.seal(secrets.token_bytes(KEY_BYTES)), "created_at": now}
    db.execute(upsert(db, HashKey).values(**row).on_conflict_do_nothing(index_elements=["name"]))
    return box.open(db.get_one(HashKey, KEY_NAME).key)


def hash_address(key: bytes, address: str) -> str:
    """Return what of an address may be kept."""
    return hmac.new(key, f"address {address}".encode(), sha256).hexdigest()


def ask(db: Session, key: bytes, address: str, now: datetime, share: str = "") -> tuple[str, str]:
    """Ask for a code to be sent to an address, if it is a contact's; the code before it of the same share is dead.

    Args:
        share: whose it is; "" for strangers'.

    Returns:
        A secret for the browser alone, and the id of the item of the outbox, which does nothing where the address is
        nobody's.
    """
    secret, hashed = secrets.token_urlsafe(KEY_BYTES), hash_address(key, f"{address} {share}".rstrip())
    known = select(Contact.id).where(Contact.email == address, is_in_force(day_of(now)))
    contact_id = db.scalar(known.order_by(Contact.id).limit(1))
    values = {
        "contact_id": contact_id,
        "browser_hash": hash_secret(secret),
        "code_hash": None,
        "tries": 0,
        "asked_at": now,
        "expires_at": None,
    }
    row_key = hashed if contact_id else f"nobody-{hashed[:DECOY_DIGITS]}"
    new = upsert(db, ContactCode).values(id=new_id(), address_hash=row_key, **values)
    again = new.on_conflict_do_update(index_elements=["address_hash"], set_=values).returning(ContactCode.id)
    code_id = db.execute(again).scalar_one()
    item_key = f"{KIND}:{code_id}:{secrets.token_hex(8) if contact_id else day_of(now).isoformat()}"
    outbox.put(db, KIND, code_id, key=item_key, now=now)
    return secret, db.execute(select(OutboxItem.id).where(OutboxItem.key == item_key)).scalar_one()


def draw(db: Session, key: bytes, code_id: str, now: datetime) -> str | None:
    """Return the code that is to be sent now; None where there is nobody to send it to, or it comes too late."""
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    lives = ContactCode.contact_id.is_not(None), ContactCode.asked_at > now - timedelta(minutes=MINUTES)
    hashed = _hash_code(key, code_id, code)
    values = {"code_hash": hashed, "tries": 0, "expires_at": now + timedelta(minutes=MINUTES)}
    drawn = update(ContactCode).where(ContactCode.id == code_id, *lives).values(values).returning(ContactCode.id)
    return code if db.scalar(drawn) else None


def count_try(db: Session, browser_secret: str, now: datetime) -> ContactCode | None:
    """Count a try of the code that a browser asked for; None where none is left. Commit this, however it goes on."""
    lives = ContactCode.tries < TRIES, ContactCode.expires_at > now
    tried = (
        update(ContactCode)
        .where(ContactCode.browser_hash == hash_secret(browser_secret), *lives)
        .values(tries=ContactCode.tries + 1)
        .returning(ContactCode)
    )
    found = db.scalars(tried).first()
    if found is not None:
        db.expunge(found)
    return found


def use(db: Session, key: bytes, tried: ContactCode | None, typed: str, today: date) -> Contact:
    """Use a code up and return the contact that it was sent to.

    Raises:
        WrongCodeError: it is wrong, too old, used, tried too often, or the contact has ended meanwhile.
    """
    code = "".join(typed.split())
    made = _hash_code(key, tried.id if tried else "", code)
    is_right = tried is not None and hmac.compare_digest(made, tried.code_hash or "")
    if tried is None or not is_right:
        raise WrongCodeError
    unused = ContactCode.id == tried.id, ContactCode.code_hash == made
    used = update(ContactCode).where(*unused).values(code_hash=None, tries=TRIES).returning(ContactCode.contact_id)
    contact_id = db.scalar(used)
    same_address = Contact.confirmed_at <= tried.asked_at
    contact = db.scalar(select(Contact).where(Contact.id == contact_id, same_address, is_in_force(today)))
    if contact is None:
        raise WrongCodeError
    return contact


def is_old(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a code was asked for so long ago that it is kept no longer."""
    return ContactCode.asked_at < now - KEPT


def _hash_code(key: bytes, code_id: str, code: str) -> str:
    """Return what of a code may be kept; the row's own id is its salt."""
    return hmac.new(key, f"code {code_id} {code}".encode(), sha256).hexdigest()
