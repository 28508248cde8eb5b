"""Keep people: one person, many employments, many identities."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

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


@dataclass(frozen=True)
class Employee:
    """What a source says of one employee; None where it does not know the field, so that the old value stands."""

    employee_number: str
    first_name: str
    last_name: str
    email: str | None = None
    unit: str | None = None
    position: str | None = None


@dataclass(frozen=True)
class PeopleChanges:
    """What an import would change: new employees, and known ones that differ; `missing` counts those it lacks."""

    added: list[Employee] = field(default_factory=list)
    changed: list[tuple[Employee, Employment, Person]] = field(default_factory=list)
    unchanged: int = 0
    missing: int = 0


def compare_people(db: Session, municipality_id: str, employees: Iterable[Employee]) -> PeopleChanges:
    """Compare what a source says with the employees of a municipality; employee numbers are unique in it."""
    query = select(Employment, Person).join(Person).where(Employment.municipality_id == municipality_id)
    known = {employment.employee_number: (employment, person) for employment, person in db.execute(query)}
    changes = PeopleChanges()
    unchanged = 0
    for employee in employees:
        rows = known.pop(employee.employee_number, None)
        if rows is None:
            changes.added.append(employee)
        elif _wanted(employee, *rows) == _present(*rows):
            unchanged += 1
        else:
            changes.changed.append((employee, *rows))
    missing = sum(1 for employment, _ in known.values() if employment.ended_on is None)
    return PeopleChanges(changes.added, changes.changed, unchanged, missing)


def _present(employment: Employment, person: Person) -> dict[str, object]:
    return {
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email,
        "unit": employment.unit,
        "position": employment.position,
        "ended_on": employment.ended_on,
    }


def _wanted(employee: Employee, employment: Employment, person: Person) -> dict[str, object]:
    return {
        "first_name": employee.first_name,
        "last_name": employee.last_name,
        "email": person.email if employee.email is None else employee.email or None,
        "unit": employment.unit if employee.unit is None else employee.unit,
        "position": employment.position if employee.position is None else employee.position,
        "ended_on": None,
    }


def apply_people(db: Session, municipality_id: str, changes: PeopleChanges, *, now: datetime) -> None:
    """Write what `compare_people` found; nobody is taken away."""
    if changes.added:
        ids = [new_id() for _ in changes.added]
        db.execute(insert(Person), list(map(_person_row, ids, changes.added)))
        rows = [_employment_row(*pair, municipality_id, now) for pair in zip(ids, changes.added, strict=True)]
        db.execute(insert(Employment), rows)
    for employee, employment, person in changes.changed:
        for name, value in _wanted(employee, employment, person).items():
            setattr(person if hasattr(Person, name) else employment, name, value)
        employment.imported_at = now
    db.flush()


def _person_row(person_id: str, employee: Employee) -> dict[str, object]:
    return {
        "id": person_id,
        "first_name": employee.first_name,
        "last_name": employee.last_name,
        "email": employee.email or None,
    }


def _employment_row(person_id: str, employee: Employee, municipality_id: str, now: datetime) -> dict[str, object]:
    return {
        "id": new_id(),
        "person_id": person_id,
        "municipality_id": municipality_id,
        "employee_number": employee.employee_number,
        "unit": employee.unit or "",
        "position": employee.position or "",
        "imported_at": now,
    }
