"""Let a SCIM user become an employment, and end it with them.

A client pushes one user at a time, and as with a file the share that may leave, move or be renamed is reckoned over
seven days: whose deactivation goes beyond it stays employed, whose move does stays in the unit, whose new name does
keeps the old one, and it waits in the quarantine of the source for somebody's word. A number that suddenly names
another first and another last name always waits.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import structlog
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from sidecar.connectors.records import PersonRecord
from sidecar.core import quarantine, recent_changes, scim_resources
from sidecar.core.connections import Connection
from sidecar.core.people import Employment
from sidecar.core.people_plans import Known, is_free_to, list_known
from sidecar.core.people_sources import DONE, FULL, PEOPLE, QUARANTINED, Source, SyncChange, SyncRun
from sidecar.core.people_writing import end_employments
from sidecar.core.scim_resources import USER, ScimResource, number_of
from sidecar.runtime import Sidecar
from sidecar.sync import people_intake, people_quarantine
from sidecar.sync.scim.records import is_employed, manager_of, record_of

CONNECTOR: Final = "scim"
Json = dict[str, str]

log = structlog.get_logger()


@dataclass(frozen=True)
class Employer:
    """Whose users they are, which source keeps them, and when it is."""

    municipality_id: str
    source_id: str
    quarantine_percent: int
    now: datetime
    today: date


def employer(db: Session, sidecar: Sidecar, municipality_id: str) -> Employer:
    """Return the employer of a client's users; its source is made when it is first needed.

    The caller has locked the municipality.
    """
    query = select(Source).join(Connection, Connection.id == Source.connection_id)
    ours = Source.municipality_id == municipality_id, Connection.connector == CONNECTOR, Source.removed_at.is_(None)
    source = db.scalar(query.where(*ours).order_by(Source.created_at, Source.id).limit(1))
    source = source or _add_source(db, sidecar, municipality_id)
    return Employer(municipality_id, source.id, source.quarantine_percent, sidecar.now(), sidecar.today())


def _add_source(db: Session, sidecar: Sidecar, municipality_id: str) -> Source:
    sealed, now = sidecar.secrets.seal(json.dumps({}).encode()), sidecar.now()
    connection = Connection(municipality_id=municipality_id, connector=CONNECTOR, settings=sealed, created_at=now)
    db.add(connection)
    db.flush()
    source = Source(
        connection_id=connection.id, kind=PEOPLE, municipality_id=municipality_id, interval_minutes=0, created_at=now
    )
    db.add(source)
    db.flush()
    return source


def employ(db: Session, who: Employer, user: ScimResource, before: Mapping[str, Any]) -> None:
    """Bring the employment of a user in line with what was told, in the caller's transaction.

    Args:
        before: the body that the user had; empty for a new one.
    """
    if user.employment_id is not None and number_of(before) != number_of(user.body):
        leave(db, who, user)
        user.employment_id = None
    if not is_employed(user.body):
        leave(db, who, user)
        return
    leader = _number_of_manager(db, who, user)
    record = record_of(user.body, before, leader)
    known = list_known(db, who.municipality_id, [record.employee_number], who.today).get(record.employee_number)
    is_free = known is not None and is_free_to(db, who.municipality_id, who.source_id, known)
    if known is not None and is_free and _is_another(known, record):
        if user.employment_id != known.employment_id:
            user.employment_id = None
        _hold(db, who, known.employment_id, quarantine.REPLACE, *_names(known, record))
        return
    is_held = known is not None and is_free and _is_held(db, who, known, record)
    if known is not None and is_held:
        unit = None if _moves(known, record, who.today) else record.unit
        record = record._replace(unit=unit, first_name=known.first_name, last_name=known.last_name)
    people_intake.apply_records(db, who.municipality_id, who.source_id, [record], units=(), now=who.now)
    here = Employment.municipality_id == who.municipality_id
    found = select(Employment.id).where(here, Employment.employee_number == record.employee_number)
    user.employment_id = db.scalar(found)
    if not is_held:
        _let_go(db, who, user.employment_id)


def _is_another(known: Known, record: PersonRecord) -> bool:
    """Tell whether a number would stand for somebody with another first and another last name."""
    is_other = people_quarantine.is_other_name
    return is_other(known.first_name, record.first_name) and is_other(known.last_name, record.last_name)


def _is_held(db: Session, who: Employer, known: Known, record: PersonRecord) -> bool:
    """Hold a move or a new name back where too many came of late, else count it."""
    if _moves(known, record, who.today):
        change = quarantine.MOVE, {"unit": known.unit}, {"unit": record.unit or ""}
    elif _is_renamed(known, record):
        change = quarantine.RENAME, *_names(known, record)
    else:
        return False
    if _are_too_many(db, who, known.employment_id):
        _hold(db, who, known.employment_id, *change)
        return True
    recent_changes.add_recent(db, who.source_id, 1, who.today)
    return False


def _is_renamed(known: Known, record: PersonRecord) -> bool:
    is_other = people_quarantine.is_other_name
    is_new = is_other(known.first_name, record.first_name) or is_other(known.last_name, record.last_name)
    return known.writes_person and is_new


def _names(known: Known, record: PersonRecord) -> tuple[Json, Json]:
    before = {"first_name": known.first_name, "last_name": known.last_name}
    return before, {"first_name": record.first_name, "last_name": record.last_name}


def _moves(known: Known, record: PersonRecord, today: date) -> bool:
    """Tell whether somebody who is employed would change from one unit to another, or to none."""
    is_employed = known.ended_on is None or known.ended_on > today
    return is_employed and bool(known.unit) and record.unit not in (None, known.unit)


def leave(db: Session, who: Employer, user: ScimResource) -> None:
    """End the employment of a user, or hold that back where too many left of late."""
    lasting = Employment.source_id == who.source_id, Employment.ended_on.is_(None)
    theirs = Employment.id == user.employment_id
    if user.employment_id is None:  # who was held, and then approved
        here = Employment.municipality_id == who.municipality_id
        theirs = here & (Employment.employee_number == number_of(user.body))
    found = db.scalar(select(Employment).where(theirs, *lasting))
    if found is None:
        return
    if _are_too_many(db, who, found.id):
        _hold(db, who, found.id, quarantine.END, {"unit": found.unit}, {})
        return
    recent_changes.add_recent(db, who.source_id, 1, who.today)
    end_employments(db, [found.id], today=who.today, now=who.now)


def _number_of_manager(db: Session, who: Employer, user: ScimResource) -> str | None:
    manager_id = manager_of(user.body)
    if not manager_id:
        return None
    manager = scim_resources.find_resource(db, who.municipality_id, USER, manager_id)
    return (number_of(manager.body) or None) if manager else None


def _are_too_many(db: Session, who: Employer, employment_id: str) -> bool:
    """Tell whether a change of one more would be too many in seven days, with those that are held back already."""
    source = db.get_one(Source, who.source_id)
    waiting = len(_held_ids(db, who) | {employment_id})
    changes = recent_changes.count_recent(source, who.today) + waiting
    employed = _count(db, who, recent_changes.was_employed(db, source, who.now))
    return quarantine.is_too_much(changes, employed, who.quarantine_percent)


def _count(db: Session, who: Employer, which: Any) -> int:  # noqa: ANN401 (a condition)
    query = select(func.count()).select_from(Employment).where(Employment.source_id == who.source_id, which)
    return db.scalar(query) or 0


def _open_run(db: Session, who: Employer) -> SyncRun | None:
    open_ones = SyncRun.source_id == who.source_id, SyncRun.state == QUARANTINED
    return db.scalar(select(SyncRun).where(*open_ones).order_by(SyncRun.asked_at.desc()).limit(1))


def _held_ids(db: Session, who: Employer) -> set[str]:
    run = _open_run(db, who)
    return set(db.scalars(select(SyncChange.employment_id).where(SyncChange.run_id == run.id))) if run else set()


def _hold(db: Session, who: Employer, employment_id: str, kind: str, before: Json, after: Json) -> None:
    """Put a change into the quarantine: a run of the source that waits, with all that is held back."""
    run = _open_run(db, who)
    if run is None:
        run = SyncRun(source_id=who.source_id, mode=FULL, state=QUARANTINED, asked_at=who.now)
        run.started_at = run.ended_at = who.now
        db.add(run)
        db.flush()
    change = employment_id, kind, quarantine.as_json(before), quarantine.as_json(after)
    if change not in list(quarantine.read_changes(db, run.id)):  # to its end, so that no cursor stays open
        db.execute(delete(SyncChange).where(SyncChange.run_id == run.id, SyncChange.employment_id == employment_id))
        quarantine.write_changes(db, run.id, [change])
        _tell(db, who, run)
        log.warning("scim.change_quarantined", source=who.source_id, run=run.id, kind=kind)


def _let_go(db: Session, who: Employer, employment_id: str | None) -> None:
    """Take a change out of the quarantine: they are employed after all, and as they were."""
    run = _open_run(db, who)
    if run is not None and employment_id in _held_ids(db, who):
        theirs = SyncChange.run_id == run.id, SyncChange.employment_id == employment_id
        db.execute(delete(SyncChange).where(*theirs))
        _tell(db, who, run)


def _tell(db: Session, who: Employer, run: SyncRun) -> None:
    """Say in the numbers of the run what it would change; with nothing left to change it is over."""
    kinds = select(SyncChange.kind, func.count()).where(SyncChange.run_id == run.id).group_by(SyncChange.kind)
    held = {f"would_{kind}": count for kind, count in db.execute(kinds)}
    run.counts = held | {"employed": _count(db, who, Employment.ended_on.is_(None))}
    if not held:
        run.state = DONE
    db.flush()
