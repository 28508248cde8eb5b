"""Keep people: one person, many employments, many identities."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, ForeignKey, Index, String, UniqueConstraint, and_, event, or_
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, Mapper, mapped_column

from sidecar.core.db import Base, Id, Key, new_id

FOLDED_CHARACTERS: Final = 400


def fold_name(first_name: str, last_name: str) -> str:
    """Return a name as names are compared; "" where the first or the last is missing, which is like nobody's.

    The database can't do it: SQLite knows no capital letters beyond A to Z.
    """
    return f"{first_name} {last_name}".casefold()[:FOLDED_CHARACTERS] if first_name and last_name else ""


def _folded(context: DefaultExecutionContext) -> str:
    row = context.get_current_parameters()  # type: ignore[no-untyped-call]
    return fold_name(row["first_name"], row["last_name"])


class Person(Base, kw_only=True):
    """A human being, whoever employs them; an erased one (`erased_at`) has no name left and only keeps counts true.

    `merged_into_id`: they turned out to be this other person, who now has all that was theirs. `folded_name`: see
    `fold_name`; who writes names past the ORM writes it too.
    """

    __tablename__ = "person"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    first_name: Mapped[str] = mapped_column(String(200))
    last_name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str | None] = mapped_column(String(320), default=None)
    erased_at: Mapped[datetime | None] = mapped_column(default=None)
    merged_into_id: Mapped[Id | None] = mapped_column(
        ForeignKey("person.id", deferrable=True, initially="DEFERRED"), default=None, index=True
    )
    folded_name: Mapped[str] = mapped_column(
        String(FOLDED_CHARACTERS), insert_default=_folded, server_default="", init=False, index=True
    )


@event.listens_for(Person, "before_update")
def _fold_anew(_mapper: Mapper[Person], _connection: Connection, person: Person) -> None:
    person.folded_name = fold_name(person.first_name, person.last_name)


class Employment(Base, kw_only=True):
    """A person's work in one municipality, under that employer's own employee number (random once erased).

    Attributes:
        unit, position, unit_id: of the main position.
        started_on: None where no source knows it.
        percentage: of a full position, all positions together; None where no source knows it.
        manager_number: the employee number of who leads them, as the source says.
        source_id: the source that keeps it; None for what was entered by hand or by a file. `source_digest`: of what
            the source said last, so that what has not changed is passed over.
        added_at: when it was first told; None for those that were known before this was kept.
    """

    __tablename__ = "employment"
    __table_args__ = (
        UniqueConstraint("municipality_id", "employee_number"),
        Index("ix_employment_unit_id", "unit_id"),
        Index("ix_employment_municipality_id_ended_on", "municipality_id", "ended_on"),
    )

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    person_id: Mapped[Id] = mapped_column(ForeignKey("person.id"), index=True)
    municipality_id: Mapped[Id] = mapped_column(ForeignKey("municipality.id"))
    employee_number: Mapped[str] = mapped_column(String(100))
    unit: Mapped[str] = mapped_column(String(200), default="")
    position: Mapped[str] = mapped_column(String(200), default="")
    ended_on: Mapped[date | None] = mapped_column(default=None)
    imported_at: Mapped[datetime]
    erased_at: Mapped[datetime | None] = mapped_column(default=None)
    unit_id: Mapped[Id | None] = mapped_column(ForeignKey("unit.id"), default=None)
    started_on: Mapped[date | None] = mapped_column(default=None)
    percentage: Mapped[float | None] = mapped_column(default=None)
    manager_number: Mapped[str | None] = mapped_column(String(100), default=None)
    source_id: Mapped[Id | None] = mapped_column(ForeignKey("source.id"), default=None, index=True)
    source_digest: Mapped[str | None] = mapped_column(String(32), default=None)
    added_at: Mapped[datetime | None] = mapped_column(default=None)


def is_employed(day: date) -> ColumnElement[bool]:
    """Return the condition that an `Employment` holds on a day, of somebody who is not erased."""
    begun = or_(Employment.started_on.is_(None), Employment.started_on <= day)
    lasts = or_(Employment.ended_on.is_(None), Employment.ended_on >= day)
    return and_(begun, lasts, Employment.erased_at.is_(None))


class Position(Base, kw_only=True):
    """One of the positions an employee holds, in one unit, from a day to a day; `key`: what its source calls it."""

    __tablename__ = "position"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    employment_id: Mapped[Id] = mapped_column(ForeignKey("employment.id"), index=True)
    unit_id: Mapped[Id | None] = mapped_column(ForeignKey("unit.id"), default=None, index=True)
    key: Mapped[str] = mapped_column(String(200))
    title: Mapped[str] = mapped_column(String(200), default="")
    code: Mapped[str | None] = mapped_column(String(40), default=None)
    percentage: Mapped[float | None] = mapped_column(default=None)
    is_main: Mapped[bool] = mapped_column(default=True)
    is_manager: Mapped[bool] = mapped_column(default=False)
    started_on: Mapped[date | None] = mapped_column(default=None)
    ended_on: Mapped[date | None] = mapped_column(default=None)


class Identity(Base, kw_only=True):
    """One way a person signs in: (platform, subject) of a launch, or a local one made by a sign-in link.

    `person_id` is set only through exactly one matching employment; till then the identity is "not placed".
    `is_only_listed`: a roster named them, and they have never come; then both `…_seen_at` say when it first did.
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
    is_only_listed: Mapped[bool] = mapped_column(server_default="0", default=False)


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
