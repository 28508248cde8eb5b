"""Write down what a plan says of employees: people, employments, positions, identifiers; nobody is taken away.

Hundreds of thousands of rows go this way, so they are written by the table rather than as objects.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import Insert, Table, bindparam, inspect, or_, select, update
from sqlalchemy.orm import Session

from sidecar.core.db import Base
from sidecar.core.people import Employment, Person, Position, fold_name
from sidecar.core.people_plans import Employee, HeldPosition, Known, Plan
from sidecar.core.person_matches import PersonIdentifier
from sidecar.core.statements import upsert

IDS_A_QUERY: Final = 5000
ID_CHARACTERS: Final = 32

Row = dict[str, Any]


def near_ids(count: int) -> list[str]:
    """Return new ids that lie near each other: wholly random ones would touch every page of an index."""
    where = secrets.token_hex(5)
    each = ID_CHARACTERS - len(where)
    drawn = secrets.token_hex(count * each // 2)
    return [where + drawn[start : start + each] for start in range(0, count * each, each)]


def write_plan(
    db: Session, municipality_id: str, source_id: str | None, plan: Plan, *, now: datetime, today: date
) -> list[str]:
    """Write what a plan says; return the ids of the people who are new or whose own data changed."""
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
    people, works = near_ids(len(plan.added)), near_ids(len(plan.added))
    _insert(db, Person, list(map(_person_row, people, plan.added)))
    fixed = {"municipality_id": municipality_id, "imported_at": now, "added_at": now, "erased_at": None}
    fixed |= {"source_id": source_id}
    rows = zip(works, people, plan.added, strict=True)
    _insert(db, Employment, [_employment_row(*row, plan.units) | fixed for row in rows])
    held = ((work, one) for work, employee in zip(works, plan.added, strict=True) for one in employee.positions)
    _insert(db, Position, [_position_row(work, one, plan.units) for work, one in held])
    _identify(db, zip(people, plan.added, strict=True), now)
    return people


def _person_row(person_id: str, employee: Employee) -> Row:
    return {
        "id": person_id,
        "first_name": employee.first_name,
        "last_name": employee.last_name,
        "folded_name": fold_name(employee.first_name, employee.last_name),
        "email": employee.email or None,
        "erased_at": None,
        "merged_into_id": None,
    }


def _employment_row(work_id: str, person_id: str, employee: Employee, units: Mapping[str, str]) -> Row:
    return {
        "id": work_id,
        "person_id": person_id,
        "employee_number": employee.employee_number,
        "unit": employee.unit or "",
        "unit_id": units.get(employee.unit_key or ""),
        "position": employee.position or "",
        "started_on": employee.started_on,
        "ended_on": employee.ended_on,
        "percentage": employee.percentage,
        "manager_number": employee.manager_number or None,
        "source_digest": employee.digest,
    }


def _position_row(work_id: str, one: HeldPosition, units: Mapping[str, str]) -> Row:
    return {"id": near_ids(1)[0], "employment_id": work_id, "key": one.key} | _position_values(one, units)


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
    new: list[Row] = []
    changed: list[Row] = []
    ended: list[Row] = []
    known = _positions_of(db, [work_id for work_id, _ in told])
    for work_id, positions in told:
        held = dict(known.get(work_id, {}))
        for one in positions:
            position_id = held.pop(one.key, (None, None))[0]
            if position_id is None:
                new.append(_position_row(work_id, one, units))
            else:
                changed.append({"of_id": position_id} | _position_values(one, units))
        ended += [{"of_id": key, "ended_on": today} for key, ended_on in held.values() if ended_on is None]
    _insert(db, Position, new)
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
    rows = [
        {"person_id": person_id, "kind": kind, "scope": scope, "value": value}
        for person_id, employee in people
        for kind, scope, value in employee.identifiers
    ]
    if rows:
        seen = {"first_seen_at": now, "last_seen_at": now}
        table = inspect(PersonIdentifier).local_table
        new = upsert(db, PersonIdentifier)
        again = new.on_conflict_do_update(
            index_elements=[table.c.kind, table.c.scope, table.c.value, table.c.person_id],
            set_={"last_seen_at": new.excluded.last_seen_at},
        )
        ids = near_ids(len(rows))
        _write_raw(db, again, [row | seen | {"id": key} for key, row in zip(ids, rows, strict=True)])


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


def _insert(db: Session, table: type[Base], rows: list[Row]) -> None:
    if rows:
        _write_raw(db, _table(table).insert(), rows)


def _write_raw(db: Session, statement: Insert, rows: list[Row]) -> None:
    """Insert rows by the driver's own hand: SQLAlchemy takes as long for their values as SQLite for the rows.

    All rows have the same columns. What a column's type makes of a value is made once for equal values.
    """
    connection = db.connection()
    dialect = connection.dialect
    compiled = statement.compile(dialect=dialect, column_keys=list(rows[0]))
    columns = statement.table.c
    made = {name: columns[name].type.dialect_impl(dialect).bind_processor(dialect) for name in rows[0]}
    for name, make in made.items():
        if make is not None:
            known = {value: make(value) for value in {row[name] for row in rows}}
            for row in rows:
                row[name] = known[row[name]]
    if compiled.positional:
        order = itemgetter(*(compiled.positiontup or ()))
        connection.exec_driver_sql(str(compiled), list(map(order, rows)))
    else:
        connection.exec_driver_sql(str(compiled), rows)


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
