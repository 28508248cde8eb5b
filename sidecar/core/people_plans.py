"""Compare what is told of employees with what is known, and say what is to be written; nothing is written here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Date, Executable, and_, bindparam, exists, or_, select
from sqlalchemy.orm import Session, aliased

from sidecar.core.people import Employment, Person
from sidecar.core.people_sources import Source
from sidecar.core.statements import among, dialect_of, run
from sidecar.core.unit_writing import ids_of

NUMBERS_A_QUERY: Final = 5000


class HeldPosition(NamedTuple):
    """A position as a source tells it; see `sidecar.connectors.records.PositionRecord`."""

    key: str
    unit: str | None = None
    title: str = ""
    code: str | None = None
    percentage: float | None = None
    is_main: bool = True
    is_manager: bool = False
    started_on: date | None = None
    ended_on: date | None = None


class Employee(NamedTuple):
    """What a source says of one employee; None where it does not know the field, so that the old value stands.

    Attributes:
        unit_key: by which the main unit is known; the name of it where the source has no other.
        identifiers: (kind, scope, value) by which this person may be known again.
        digest: of all that the source says; None for what no source keeps.
    """

    employee_number: str
    first_name: str
    last_name: str
    email: str | None = None
    unit: str | None = None
    unit_key: str | None = None
    position: str | None = None
    started_on: date | None = None
    ended_on: date | None = None
    percentage: float | None = None
    manager_number: str | None = None
    positions: tuple[HeldPosition, ...] = ()
    identifiers: tuple[tuple[str, str, str], ...] = ()
    digest: str | None = None


@dataclass(slots=True)
class Known:
    """What the tables say of one employee.

    `writes_person`: name and e-mail are this employer's to tell. Of a person with several employers they are told where
    the employment that was there first lasts.
    """

    employee_number: str
    employment_id: str
    person_id: str
    first_name: str
    last_name: str
    email: str | None
    unit: str
    unit_id: str | None
    position: str
    started_on: date | None
    ended_on: date | None
    percentage: float | None
    manager_number: str | None
    source_id: str | None
    source_digest: str | None
    writes_person: bool = True

    def says(self) -> tuple[object, ...]:
        """Return what people would see a change of."""
        of_person = self.first_name, self.last_name, self.email
        of_work = self.unit, self.unit_id, self.position, self.started_on, self.ended_on
        return (*of_person, *of_work, self.percentage, self.manager_number)

    def says_of_person(self) -> tuple[object, ...]:
        """Return what belongs to the person rather than to this employment."""
        return self.first_name, self.last_name, self.email


@dataclass
class Plan:
    """What is to be written.

    Attributes:
        added, changed: told, and for the changed ones (before, after) too; `touched`: only their source or digest.
        elsewhere: whom another source keeps; `left_before`: whom we never knew, and who had left by then.
        kept_out: changed, but name or e-mail is another employer's to tell; counted among `elsewhere` too.
    """

    added: list[Employee] = field(default_factory=list)
    changed: list[tuple[Employee, Known, Known]] = field(default_factory=list)
    touched: list[tuple[Employee, Known, Known]] = field(default_factory=list)
    units: Mapping[str, str] = field(default_factory=dict)
    unchanged: int = 0
    moved: int = 0
    returned: int = 0
    ended: int = 0
    elsewhere: int = 0
    left_before: int = 0
    kept_out: int = 0

    def counts(self) -> dict[str, int]:
        """Return what changes, in numbers by name."""
        counted = {name: getattr(self, name) for name in ("unchanged", "moved", "returned", "ended", "elsewhere")}
        counted |= {"kept_out": self.kept_out} if self.kept_out else {}
        return {"added": len(self.added), "changed": len(self.changed), **counted, "left_before": self.left_before}


def plan_people(
    db: Session,
    municipality_id: str,
    source_id: str | None,
    employees: Sequence[Employee],
    today: date,
    *,
    first_day: date | None = None,
    is_trial: bool = False,
) -> Plan:
    """Compare employees, whose numbers differ, with those of a municipality; who is not told of is left alone.

    Args:
        source_id: who tells; None for somebody by hand.
        first_day: of newcomers of whom none is told, see `first_days.first_day_of`; None leaves it unknown.
        is_trial: add no units, since nothing shall be written.
    """
    known = list_known(db, municipality_id, [one.employee_number for one in employees], today)
    units: Mapping[str, str] = {}
    if not is_trial:
        units = ids_of(db, municipality_id, _references(employees), today)
    plan = Plan(units=units)
    free = _removed_sources(db, municipality_id)
    for employee in employees:
        old = known.get(employee.employee_number)
        if old is None:
            _plan_newcomer(plan, employee, today, first_day)
        elif old.source_id not in (None, source_id) and old.source_id not in free:
            plan.elsewhere += 1
        else:
            _plan_known(plan, employee, old, source_id, today, is_trial=is_trial)
    return plan


def _references(employees: Sequence[Employee]) -> set[str]:
    main = {one.unit_key for one in employees if one.unit_key}
    return main | {held.unit for one in employees for held in one.positions if held.unit}


def _plan_newcomer(plan: Plan, employee: Employee, today: date, first_day: date | None) -> None:
    if employee.ended_on is not None and employee.ended_on < today:
        plan.left_before += 1
    elif employee.started_on is None and first_day is not None:
        plan.added.append(employee._replace(started_on=first_day))
    else:
        plan.added.append(employee)


def _plan_known(
    plan: Plan, employee: Employee, old: Known, source_id: str | None, today: date, *, is_trial: bool
) -> None:
    new = _after(employee, old, source_id, plan.units)
    new.started_on = _first_day(employee, old, today)
    is_kept_out = not old.writes_person and new.says_of_person() != old.says_of_person()
    if is_kept_out:
        new.first_name, new.last_name, new.email = old.first_name, old.last_name, old.email
        new.source_digest = None  # looked at anew each time: the other employment may end
        plan.elsewhere += 1
    if is_trial:
        new.unit_id = old.unit_id
    if new.says() == old.says() and not _differs(employee, old):
        plan.unchanged += not is_kept_out
        if (new.source_id, new.source_digest) != (old.source_id, old.source_digest):
            plan.touched.append((employee, old, new))
        return
    plan.changed.append((employee, old, new))
    plan.kept_out += is_kept_out
    plan.moved += old.unit_id is not None and new.unit_id != old.unit_id
    plan.returned += old.ended_on is not None and new.ended_on is None
    plan.ended += old.ended_on is None and new.ended_on is not None


def is_free_to(db: Session, municipality_id: str, source_id: str, old: Known) -> bool:
    """Tell whether a source may change an employee: it keeps them itself, or no other that is in use does."""
    return old.source_id in (None, source_id) or old.source_id in _removed_sources(db, municipality_id)


def _first_day(employee: Employee, old: Known, today: date) -> date | None:
    """Return the first day: of who was away for a day at least, it is that of the return."""
    is_back = old.ended_on is not None and (employee.ended_on is None or employee.ended_on >= today)
    was_away = old.ended_on is not None and old.ended_on < today - timedelta(days=1)
    return employee.started_on or (today if is_back and was_away else old.started_on)


def _differs(employee: Employee, old: Known) -> bool:
    """Tell whether positions or identifiers may have changed: those are compared when they are written."""
    return bool(employee.positions) and employee.digest != old.source_digest


def _after(employee: Employee, old: Known, source_id: str | None, units: Mapping[str, str]) -> Known:
    tells_unit = employee.unit is not None or employee.unit_key is not None
    return Known(
        employee_number=old.employee_number,
        employment_id=old.employment_id,
        person_id=old.person_id,
        first_name=employee.first_name,
        last_name=employee.last_name,
        email=old.email if employee.email is None else employee.email or None,
        unit=old.unit if employee.unit is None else employee.unit,
        unit_id=units.get(employee.unit_key or "") if tells_unit else old.unit_id,
        position=old.position if employee.position is None else employee.position,
        started_on=employee.started_on or old.started_on,
        ended_on=employee.ended_on,
        percentage=old.percentage if employee.percentage is None else employee.percentage,
        manager_number=old.manager_number if employee.manager_number is None else employee.manager_number or None,
        source_id=source_id or old.source_id,
        source_digest=employee.digest,
    )


def list_known(db: Session, municipality_id: str, numbers: Sequence[str], today: date) -> dict[str, Known]:
    """Return what the tables say of employees, by their number."""
    found: dict[str, Known] = {}
    for start in range(0, len(numbers), NUMBERS_A_QUERY):
        asked = list(numbers[start : start + NUMBERS_A_QUERY])
        for row in run(db, _known(dialect_of(db)), municipality_id=municipality_id, numbers=asked, today=today):
            found[row[0]] = Known(*row)
    return found


@cache
def _known(dialect: str) -> Executable:
    of_person = Person.first_name, Person.last_name, Person.email
    of_work = Employment.unit, Employment.unit_id, Employment.position, Employment.started_on, Employment.ended_on
    kept = Employment.percentage, Employment.manager_number, Employment.source_id, Employment.source_digest
    writes = ~is_anothers_to_tell()
    query = select(Employment.employee_number, Employment.id, Person.id, *of_person, *of_work, *kept, writes)
    query = query.join(Person, Person.id == Employment.person_id)
    here = Employment.municipality_id == bindparam("municipality_id")
    return query.where(here, among(dialect, Employment.employee_number, "numbers"))


def is_anothers_to_tell() -> ColumnElement[bool]:
    """Return the condition that another employer tells the name: its employment lasts, and was there first.

    The query is given `today`.
    """
    other, today = aliased(Employment), bindparam("today", type_=Date())
    lasts = or_(other.ended_on.is_(None), other.ended_on >= today)
    is_same_age = other.added_at.is_not_distinct_from(Employment.added_at)
    came_first = or_(
        Employment.ended_on < today,
        other.added_at < Employment.added_at,
        and_(other.added_at.is_(None), Employment.added_at.is_not(None)),
        and_(is_same_age, other.id < Employment.id),
    )
    theirs = other.person_id == Employment.person_id, other.municipality_id != Employment.municipality_id
    return exists().where(*theirs, other.erased_at.is_(None), lasts, came_first)


def _removed_sources(db: Session, municipality_id: str) -> set[str]:
    """Return the sources of a municipality that are out of use: whom they kept, any other may keep."""
    gone = Source.municipality_id == municipality_id, Source.removed_at.is_not(None)
    return set(db.scalars(select(Source.id).where(*gone)))
