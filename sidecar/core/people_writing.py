"""Write down what a plan says of employees: people, employments, positions, identifiers; nobody is taken away.

Hundreds of thousands of rows go this way, so they are written by the table rather than as objects.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import Dialect, Insert, Table, bindparam, inspect, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from sidecar.core.db import Base
from sidecar.core.people import Employment, Person, Position, fold_name
from sidecar.core.people_plans import Employee, HeldPosition, Known, Plan
from sidecar.core.person_matches import PersonIdentifier
from sidecar.core.statements import upsert

IDS_A_QUERY: Final = 5000
ID_CHARACTERS: Final = 32

Row = dict[str, Any]
Columns = dict[str, Sequence[Any]]
"""The values of many rows by the names of their columns, in the order of the rows: a dictionary for each costs more."""


def near_ids(count: int) -> list[str]:
    """Return new ids that lie near each other: wholly random ones would touch every page of an index."""
    where = secrets.token_hex(5)
    each = ID_CHARACTERS - len(where)
    drawn = secrets.token_hex(count * each // 2)
    return [where + drawn[start : start + each] for start in range(0, count * each, each)]


def write_plan(
    db: Session, municipality_id: str, source_id: str | None, plan: Plan, *, now: datetime, today: date
) -> list[str]:
    """Write what a plan says; return the ids of the people who are new, as in the plan, or whose own data changed."""
    added = _add(db, municipality_id, source_id, plan, now)
    _change(db, plan, now)
    again = [*plan.changed, *plan.touched]
    if source_id is not None:
        _change_positions(db, [(old.employment_id, one.positions) for one, old, _ in again], plan.units, today)
    _identify(db, [(old.person_id, one) for one, old, _ in again], now)
    return added + [old.person_id for _, old, new in plan.changed if new.says_of_person() != old.says_of_person()]


def _add(db: Session, municipality_id: str, source_id: str | None, plan: Plan, now: datetime) -> list[str]:
    if not plan.added:
        return []
    count = len(plan.added)
    people, works = near_ids(count), near_ids(count)
    _insert(db, Person, {"id": people} | _person_columns(plan.added))
    fixed = {"municipality_id": municipality_id, "imported_at": now, "added_at": now, "erased_at": None}
    fixed |= {"source_id": source_id}
    of_all = {name: [value] * count for name, value in fixed.items()}
    told = _employment_columns(plan.added, plan.units)
    _insert(db, Employment, {"id": works, "person_id": people} | told | of_all)
    with_works = zip(works, plan.added, strict=True)
    _insert_positions(db, [(work, one) for work, employee in with_works for one in employee.positions], plan.units)
    _identify(db, zip(people, plan.added, strict=True), now)
    return people


def _person_columns(added: Sequence[Employee]) -> Columns:
    return {
        "first_name": [one.first_name for one in added],
        "last_name": [one.last_name for one in added],
        "folded_name": [fold_name(one.first_name, one.last_name) for one in added],
        "email": [one.email or None for one in added],
        "erased_at": [None] * len(added),
        "merged_into_id": [None] * len(added),
    }


def _employment_columns(added: Sequence[Employee], units: Mapping[str, str]) -> Columns:
    return {
        "employee_number": [one.employee_number for one in added],
        "unit": [one.unit or "" for one in added],
        "unit_id": [units.get(one.unit_key or "") for one in added],
        "position": [one.position or "" for one in added],
        "started_on": [one.started_on for one in added],
        "ended_on": [one.ended_on for one in added],
        "percentage": [one.percentage for one in added],
        "manager_number": [one.manager_number or None for one in added],
        "source_digest": [one.digest for one in added],
    }


def _insert_positions(db: Session, held: Sequence[tuple[str, HeldPosition]], units: Mapping[str, str]) -> None:
    """Insert positions, each with the id of its employment."""
    if held:
        works, told = zip(*held, strict=True)
        rows = [_position_values(one, units) for one in told]
        columns: Columns = {name: [row[name] for row in rows] for name in rows[0]}
        ids = {"id": near_ids(len(held)), "employment_id": works, "key": [one.key for one in told]}
        _insert(db, Position, columns | ids)


def _position_values(one: HeldPosition, units: Mapping[str, str]) -> Row:
    return {
        "unit_id": units.get(one.unit or ""),
        "title": one.title,
        "code": one.code,
        "percentage": one.percentage,
        "is_main": one.is_main,
        "is_manager": one.is_manager,
        "started_on": one.started_on,
        "ended_on": one.ended_on,
    }


def _change(db: Session, plan: Plan, now: datetime) -> None:
    of_people = [new for _, old, new in plan.changed if new.says_of_person() != old.says_of_person()]
    _update(db, Person, [_person_change(one) for one in of_people])
    _update(db, Employment, [_employment_change(new) | {"imported_at": now} for _, _, new in plan.changed])
    touched = [(new.employment_id, new) for _, _, new in plan.touched]
    kept = [{"of_id": key, "source_id": one.source_id, "source_digest": one.source_digest} for key, one in touched]
    _update(db, Employment, kept)


def _person_change(one: Known) -> Row:
    names = {"first_name": one.first_name, "last_name": one.last_name}
    return {"of_id": one.person_id, **names, "folded_name": fold_name(*names.values()), "email": one.email}


def _employment_change(one: Known) -> Row:
    return {
        "of_id": one.employment_id,
        "unit": one.unit,
        "unit_id": one.unit_id,
        "position": one.position,
        "started_on": one.started_on,
        "ended_on": one.ended_on,
        "percentage": one.percentage,
        "manager_number": one.manager_number,
        "source_id": one.source_id,
        "source_digest": one.source_digest,
    }


def _change_positions(
    db: Session, told: Sequence[tuple[str, tuple[HeldPosition, ...]]], units: Mapping[str, str], today: date
) -> None:
    """Begin, change and end positions; one that its source does not tell of any more ended today."""
    new: list[tuple[str, HeldPosition]] = []
    changed: list[Row] = []
    ended: list[Row] = []
    known = _positions_of(db, [work_id for work_id, _ in told])
    for work_id, positions in told:
        held = dict(known.get(work_id, {}))
        for one in positions:
            position_id = held.pop(one.key, (None, None))[0]
            if position_id is None:
                new.append((work_id, one))
            else:
                changed.append({"of_id": position_id} | _position_values(one, units))
        ended += [{"of_id": key, "ended_on": today} for key, ended_on in held.values() if ended_on is None]
    _insert_positions(db, new, units)
    _update(db, Position, changed)
    _update(db, Position, ended)


def _positions_of(db: Session, work_ids: Sequence[str]) -> dict[str, dict[str, tuple[str, date | None]]]:
    found: dict[str, dict[str, tuple[str, date | None]]] = {}
    for start in range(0, len(work_ids), IDS_A_QUERY):
        some = Position.employment_id.in_(work_ids[start : start + IDS_A_QUERY])
        query = select(Position.employment_id, Position.key, Position.id, Position.ended_on).where(some)
        for work_id, key, position_id, ended_on in db.execute(query):
            found.setdefault(work_id, {})[key] = (position_id, ended_on)
    return found


def _identify(db: Session, people: Iterable[tuple[str, Employee]], now: datetime) -> None:
    """Note by what people may be known again; what is known of them stays."""
    told = [(person_id, *identifier) for person_id, employee in people for identifier in employee.identifiers]
    if told:
        count, table = len(told), _table(PersonIdentifier)
        columns: Columns = dict(zip(("person_id", "kind", "scope", "value"), zip(*told, strict=True), strict=True))
        columns |= {"id": near_ids(count), "first_seen_at": [now] * count, "last_seen_at": [now] * count}
        new = upsert(db, PersonIdentifier)
        again = new.on_conflict_do_update(
            index_elements=[table.c.kind, table.c.scope, table.c.value, table.c.person_id],
            set_={"last_seen_at": new.excluded.last_seen_at},
        )
        _write_raw(db, again, columns)


def end_employments(db: Session, employment_ids: Sequence[str], *, today: date, now: datetime) -> int:
    """End employments, and the positions in them, with today as their last day; return how many did not end before.

    All that belongs to the people stays as it is.
    """
    ended = 0
    for start in range(0, len(employment_ids), IDS_A_QUERY):
        some = employment_ids[start : start + IDS_A_QUERY]
        lasts = or_(Employment.ended_on.is_(None), Employment.ended_on > today)
        values = {"ended_on": today, "imported_at": now, "source_digest": None}
        query = update(Employment).where(Employment.id.in_(some), lasts).values(values).returning(Employment.id)
        ended += len(db.scalars(query.execution_options(synchronize_session=False)).all())
        held = Position.employment_id.in_(some), or_(Position.ended_on.is_(None), Position.ended_on > today)
        db.execute(update(Position).where(*held).values(ended_on=today).execution_options(synchronize_session=False))
    return ended


def _insert(db: Session, table: type[Base], columns: Columns) -> None:
    _write_raw(db, _table(table).insert(), columns)


def _write_raw(db: Session, statement: Insert, columns: Columns) -> None:
    """Insert rows by the driver's own hand: SQLAlchemy takes as long for their values as SQLite for the rows."""
    connection = db.connection()
    compiled = statement.compile(dialect=connection.dialect, column_keys=list(columns))
    types = statement.table.c
    made = {name: _bound(types[name].type, values, connection.dialect) for name, values in columns.items()}
    if compiled.positional:
        order = compiled.positiontup or ()
        connection.exec_driver_sql(str(compiled), list(zip(*(made[name] for name in order), strict=True)))
    else:
        rows = zip(*made.values(), strict=True)
        connection.exec_driver_sql(str(compiled), [dict(zip(made, row, strict=True)) for row in rows])


def _bound(kind: TypeEngine[Any], values: Sequence[Any], dialect: Dialect) -> Sequence[Any]:
    """Return what a column's type makes of values for the driver; it is made once for equal ones."""
    make = kind.dialect_impl(dialect).bind_processor(dialect)
    if make is None:
        return values
    made = {value: make(value) for value in set(values)}
    return [made[value] for value in values]


def _update(db: Session, table: type[Base], rows: list[Row]) -> None:
    """Change rows by their id, which stands under `of_id`, in its order as all do; all have the same columns."""
    if rows:
        here = _table(table)
        values: dict[str, Any] = {name: bindparam(name) for name in rows[0] if name != "of_id"}
        by_id = here.update().where(here.c.id == bindparam("of_id")).values(values)
        db.connection().execute(by_id, sorted(rows, key=itemgetter("of_id")))


def _table(table: type[Base]) -> Table:
    found = inspect(table).local_table
    if not isinstance(found, Table):
        raise TypeError(table)
    return found
