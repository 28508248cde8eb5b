"""Keep who may be one and the same person: changed rules, what waits for a word, and how people are known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ForeignKey, String, UniqueConstraint, delete, or_
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.db import Base, Id, JsonValue, Key, new_id

JOIN: Final = "join"
ASK: Final = "ask"
OFF: Final = "off"

WAITING: Final = "waiting"
MERGED: Final = "merged"
DIFFERENT: Final = "different"

EMAIL: Final = "email"
NATIONAL_ID: Final = "national-id-hash"


class MatchingRule(Base, kw_only=True):
    """A rule that somebody changed: its place in the order, and what it does: join, ask or off."""

    __tablename__ = "matching_rule"

    rule: Mapped[str] = mapped_column(String(30), primary_key=True)
    place: Mapped[int]
    action: Mapped[str] = mapped_column(String(10))
    changed_by: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None)
    changed_at: Mapped[datetime]


class PersonMatch(Base, kw_only=True):
    """Two people who may be one: `person_id` is kept, `other_id` goes into it.

    Attributes:
        rule: what made them alike.
        state: waiting, merged, different (also what was merged and taken apart again).
        moved: what went over with the merge, the ids by table, so that it can be taken apart.
    """

    __tablename__ = "person_match"
    __table_args__ = (UniqueConstraint("person_id", "other_id"),)

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    person_id: Mapped[Id] = mapped_column(ForeignKey("person.id"))
    other_id: Mapped[Id] = mapped_column(ForeignKey("person.id"), index=True)
    rule: Mapped[str] = mapped_column(String(30))
    state: Mapped[str] = mapped_column(String(10), default=WAITING, index=True)
    moved: Mapped[JsonValue | None] = mapped_column(default=None)
    found_at: Mapped[datetime]
    decided_at: Mapped[datetime | None] = mapped_column(default=None)
    decided_by: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None)


class PersonIdentifier(Base, kw_only=True):
    """One way to know a person again: an LMS's user, an e-mail, the keyed hash of a national id.

    Attributes:
        kind: email, lms-user, hr-person, national-id-hash.
        scope: within which `value` is unique: the id of a source or platform; "" for none.
        value: an e-mail in small letters without spaces around it: see `plain_email`.
    """

    __tablename__ = "person_identifier"
    __table_args__ = (UniqueConstraint("kind", "scope", "value", "person_id"),)

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    person_id: Mapped[Id] = mapped_column(ForeignKey("person.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    scope: Mapped[str] = mapped_column(String(32), default="")
    value: Mapped[str] = mapped_column(String(320))
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]


def plain_email(email: str) -> str:
    """Return an e-mail address as identifiers keep it, so that the same address is found however it is written."""
    return email.strip().casefold()


def forget(db: Session, person_ids: Sequence[str]) -> None:
    """Remove how people who are erased were known, and with whom they were compared."""
    about = or_(PersonMatch.person_id.in_(person_ids), PersonMatch.other_id.in_(person_ids))
    db.execute(delete(PersonMatch).where(about))
    db.execute(delete(PersonIdentifier).where(PersonIdentifier.person_id.in_(person_ids)))
