"""Keep people: one person, many employments, many identities."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sidecar.core.db import Base, Id, Key, new_id


class Person(Base, kw_only=True):
    """A human being, whoever employs them."""

    __tablename__ = "person"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    first_name: Mapped[str] = mapped_column(String(200))
    last_name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str | None] = mapped_column(String(320), default=None)


class Employment(Base, kw_only=True):
    """A person's work in one municipality, under that employer's own employee number."""

    __tablename__ = "employment"
    __table_args__ = (UniqueConstraint("municipality_id", "employee_number"),)

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    person_id: Mapped[Id] = mapped_column(ForeignKey("person.id"), index=True)
    municipality_id: Mapped[Id] = mapped_column(ForeignKey("municipality.id"), index=True)
    employee_number: Mapped[str] = mapped_column(String(100))
    unit: Mapped[str] = mapped_column(String(200), default="")
    position: Mapped[str] = mapped_column(String(200), default="")
    ended_on: Mapped[date | None] = mapped_column(default=None)
    imported_at: Mapped[datetime]


class Identity(Base, kw_only=True):
    """One way a person signs in: (platform, subject) of a launch, or a local one made by a sign-in link.

    `person_id` is set only through exactly one matching employment; till then the identity is "not placed".
    """

    __tablename__ = "identity"
    __table_args__ = (UniqueConstraint("platform_id", "subject"),)

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    platform_id: Mapped[Id | None] = mapped_column(ForeignKey("platform.id"), default=None)
    subject: Mapped[str] = mapped_column(String(255))
    name: Mapped[str | None] = mapped_column(String(400), default=None)
    email: Mapped[str | None] = mapped_column(String(320), default=None)
    person_sourcedid: Mapped[str | None] = mapped_column(String(255), default=None, index=True)
    language: Mapped[str | None] = mapped_column(String(2), default=None)
    person_id: Mapped[Id | None] = mapped_column(ForeignKey("person.id"), default=None, index=True)
    employment_id: Mapped[Id | None] = mapped_column(ForeignKey("employment.id"), default=None)
    placed_at: Mapped[datetime | None] = mapped_column(default=None)
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]


class PeopleImport(Base, kw_only=True):
    """One import of a municipality's people, with what it changed."""

    __tablename__ = "people_import"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    municipality_id: Mapped[Id] = mapped_column(ForeignKey("municipality.id"), index=True)
    imported_at: Mapped[datetime]
    rows: Mapped[int]
    added: Mapped[int]
    changed: Mapped[int]
    placed: Mapped[int]
