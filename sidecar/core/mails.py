"""Keep mails: which notice was told to whom, and how that went."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ForeignKey, String, UniqueConstraint, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core import outbox
from sidecar.core.db import Base, Id, Key, new_id
from sidecar.core.notices import Notice
from sidecar.core.people import Identity
from sidecar.core.staff import Grant, holds

KIND: Final = "mail"
"""The kind of an outbox item that sends a mail; its subject is the mail's id."""

CODE_CHARACTERS: Final = 60


class Mail(Base, kw_only=True):
    """One mail to one address: `phase` is begun or ended; `state` waiting, sent or failed."""

    __tablename__ = "mail"
    __table_args__ = (UniqueConstraint("notice_id", "phase", "address"),)

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    notice_id: Mapped[Id] = mapped_column(ForeignKey("notice.id"))
    phase: Mapped[str] = mapped_column(String(10))
    address: Mapped[str] = mapped_column(String(320), repr=False)
    language: Mapped[str] = mapped_column(String(2))
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    error_code: Mapped[str | None] = mapped_column(String(CODE_CHARACTERS), default=None)
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None] = mapped_column(default=None)


@dataclass(frozen=True)
class Recipient:
    """Who gets mails, and in which language."""

    address: str
    language: str


def list_operators(db: Session, now: datetime, language: str) -> list[Recipient]:
    """Return the operators whose address is known.

    Args:
        language: for those who never chose one.
    """
    query = (
        select(Identity.email, Identity.language)
        .join(Grant, Grant.identity_id == Identity.id)
        .where(Grant.role == "operator", holds(now), Identity.email.is_not(None))
        .order_by(Identity.first_seen_at, Identity.id)
    )
    return [Recipient(address, chosen or language) for address, chosen in db.execute(query) if address]


def put(db: Session, notice: Notice, phase: str, recipients: Iterable[Recipient], now: datetime) -> int:
    """Write a mail to each address down, to be sent from the outbox; return how many."""
    one_each = {one.address.lower(): one for one in recipients}
    for recipient in one_each.values():
        mail = Mail(
            notice_id=notice.id,
            phase=phase,
            address=recipient.address,
            language=recipient.language,
            created_at=now,
        )
        db.add(mail)
        db.flush()
        outbox.put(db, KIND, mail.id, key=f"{KIND}:{mail.id}", now=now)
    return len(one_each)


def record_sent(db: Session, mail_id: str, now: datetime) -> None:
    """Record that the server took a mail."""
    mail = db.get_one(Mail, mail_id)
    mail.state, mail.sent_at, mail.error_code = "sent", now, None
    notice = db.get_one(Notice, mail.notice_id)
    notice.mailed_at = notice.mailed_at or now


def give_up(db: Session, mail_id: str, code: str) -> None:
    """Say that a mail which waits will not be sent any more, and why."""
    waits = Mail.id == mail_id, Mail.state == "waiting"
    db.execute(update(Mail).where(*waits).values(state="failed", error_code=code[:CODE_CHARACTERS]))
