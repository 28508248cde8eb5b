"""Keep people: one person, many employments, many identities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint, insert, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.db import Base, Id, Key, new_id


class Person(Base, kw_only=True):
    """A human being, whoever employs them; an erased one (`erased_at`) has no name left and only keeps counts true."""

    __tablename__ = "person"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    first_name: Mapped[str] = mapped_column(String(200))
    last_name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str | None] = mapped_column(String(320), default=None)
    erased_at: Mapped[datetime | None] = mapped_column(default=None)


class Employment(Base, kw_only=True):
    """A person's work in one municipality, under that employer's own employee number (random once erased)."""

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
    erased_at: Mapped[datetime | None] = mapped_column(default=None)


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
class Known:
    """What the tables say of one employee."""

    employee_number: str
    employment_id: str
    person_id: str
    first_name: str
    last_name: str
    email: str | None
    unit: str
    position: str
    ended_on: date | None

    def after(self, employee: Employee) -> Known:
        """Return what the tables should say, now that a source has told of the employee."""
        return Known(
            self.employee_number,
            self.employment_id,
            self.person_id,
            employee.first_name,
            employee.last_name,
            self.email if employee.email is None else employee.email or None,
            self.unit if employee.unit is None else employee.unit,
            self.position if employee.position is None else employee.position,
            None,
        )


@dataclass(frozen=True)
class PeopleChanges:
    """What an import would change: new employees, and what known ones become; `missing` counts those it lacks."""

    added: list[Employee]
    changed: list[Known]
    unchanged: int
    missing: int


def compare_people(db: Session, municipality_id: str, employees: Sequence[Employee]) -> PeopleChanges:
    """Compare what a source says with the employees of a municipality; employee numbers are unique in it."""
    known = _known_people(db, municipality_id)
    told = {employee.employee_number: employee for employee in employees}
    added = [employee for number, employee in told.items() if number not in known]
    after = [(known[number], known[number].after(employee)) for number, employee in told.items() if number in known]
    changed = [new for old, new in after if new != old]
    missing = sum(1 for number, one in known.items() if number not in told and one.ended_on is None)
    return PeopleChanges(added, changed, len(after) - len(changed), missing)


def _known_people(db: Session, municipality_id: str) -> dict[str, Known]:
    query = (
        select(
            Employment.employee_number,
            Employment.id,
            Person.id,
            Person.first_name,
            Person.last_name,
            Person.email,
            Employment.unit,
            Employment.position,
            Employment.ended_on,
        )
        .join(Person, Person.id == Employment.person_id)
        .where(Employment.municipality_id == municipality_id)
    )
    return {one.employee_number: one for one in (Known(*row) for row in db.execute(query))}


def apply_people(db: Session, municipality_id: str, changes: PeopleChanges, *, now: datetime) -> None:
    """Write what `compare_people` found; nobody is taken away."""
    if changes.added:
        ids = [new_id() for _ in changes.added]
        db.execute(insert(Person), list(map(_person_row, ids, changes.added)))
        rows = [_employment_row(*pair, municipality_id, now) for pair in zip(ids, changes.added, strict=True)]
        db.execute(insert(Employment), rows)
    if changes.changed:
        db.execute(update(Person), [_person_change(one) for one in changes.changed])
        db.execute(update(Employment), [_employment_change(one, now) for one in changes.changed])


def _person_change(one: Known) -> dict[str, object]:
    return {"id": one.person_id, "first_name": one.first_name, "last_name": one.last_name, "email": one.email}


def _employment_change(one: Known, now: datetime) -> dict[str, object]:
    return {
        "id": one.employment_id,
        "unit": one.unit,
        "position": one.position,
        "ended_on": one.ended_on,
        "imported_at": now,
    }


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
