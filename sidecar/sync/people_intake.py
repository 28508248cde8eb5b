"""Take in what a source tells of a municipality's people: read all of it, look whether it can be true, then write.

Nothing is written before the whole feed was read and looked at. Then a few thousand employees at a time are; a run
that is cut off goes on behind the last of them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from sidecar.connectors.records import PersonRecord, UnitRecord
from sidecar.core import completion_matching, matching, placing, recent_changes, sync_runs
from sidecar.core.db import widen
from sidecar.core.first_days import first_day_of
from sidecar.core.municipalities import hold
from sidecar.core.people_plans import Employee, Plan, plan_people
from sidecar.core.people_sources import SyncRun
from sidecar.core.people_writing import end_employments, write_plan
from sidecar.core.periods import day_of
from sidecar.core.placing import place_waiting
from sidecar.core.unit_writing import ToldUnit, write_units
from sidecar.errors import SidecarError
from sidecar.runtime import Sidecar
from sidecar.sync import people_quarantine, people_reading
from sidecar.sync.people_records import email_of, pack, problem_of, text_of, unpack
from sidecar.sync.people_spool import COMPLETE, Spool, open_spool, shares_email, sweep
from sidecar.sync.running import PartOverError, RunContext

BATCH = 4000
"""How many employees one transaction writes: half a second or so, in which a launch may wait."""

Counts = Mapping[str, int]
"""What changed, in numbers by name; see `core.people_plans.Plan.counts`."""


class NobodysPeopleError(SidecarError):
    """The source belongs to no municipality, so nobody can be employed by it. Remove it, and add it for one."""

    code = "source-without-municipality"


class RecordUnusableError(SidecarError):
    """This employee can't be taken in ({reason}). Correct the employee number or the name where they come from."""

    code = "person-record-unusable"


def take_in(sidecar: Sidecar, run: RunContext) -> None:
    """Take in the people of a source.

    Raises:
        ConnectorError: the source can't be read.
        HeldError: so much would change that somebody is asked first.
        PartOverError: this part of the run has taken long enough.
    """
    if run.municipality_id is None:
        raise NobodysPeopleError
    sweep(sidecar.settings.data, lambda found: _live(sidecar, found), sidecar.now())
    spool = open_spool(sidecar.settings.data, run.run_id)
    try:
        _take_in(sidecar, run, run.municipality_id, spool)
    except PartOverError:
        spool.close()
        raise
    except Exception:
        spool.remove()
        raise
    spool.remove()


def _live(sidecar: Sidecar, run_ids: Collection[str]) -> set[str]:
    with sidecar.reading() as db:
        return set(db.scalars(select(SyncRun.id).where(SyncRun.id.in_(run_ids), sync_runs.is_live())))


def _take_in(sidecar: Sidecar, run: RunContext, municipality_id: str, spool: Spool) -> None:
    if not spool.fact(COMPLETE):
        run.checkpoint = None  # of a feed that is gone: this one may have another order
        people_reading.read_into(sidecar, run, municipality_id, spool)
        people_quarantine.judge(sidecar, run, municipality_id, spool)
        spool.note(COMPLETE, "yes")
    run.next_cursor = json.loads(spool.fact("cursor") or "null")
    total = spool.count()
    counts = Counter(run.counts)
    del counts["read"]
    dict.update(counts, json.loads(spool.fact("counts") or "{}"))  # of this feed, whatever an earlier part read
    _write_units(sidecar, municipality_id, spool, counts)
    _write_people(sidecar, run, municipality_id, spool, counts, total)
    _end_people(sidecar, run, municipality_id, spool, counts, total)
    _remember_changes(sidecar, run, municipality_id, spool)
    if counts["added"] or counts["changed"]:
        _ask_to_place(sidecar, municipality_id)
    written = sum(counts[name] for name in ("added", "changed", "elsewhere", "left_before"))
    counts["unchanged"] = total - written + counts["kept_out"]
    run.note(total, total, {name: count for name, count in counts.items() if count}, None)


def _write_units(sidecar: Sidecar, municipality_id: str, spool: Spool, counts: Counter[str]) -> None:
    told = [ToldUnit(*one) for one in json.loads(spool.fact("units") or "[]")]
    if told:
        with sidecar.transaction() as db:
            hold(db, municipality_id)
            counts["units_moved"] += write_units(db, municipality_id, told, sidecar.today())


def _write_people(
    sidecar: Sidecar, run: RunContext, municipality_id: str, spool: Spool, counts: Counter[str], total: int
) -> None:
    n = int((run.checkpoint or {}).get("n", 0))
    while rows := spool.rows_after(n, BATCH):
        employees = [unpack(json.loads(text), digest, shares_email=shares_email(digest)) for _, text, digest in rows]
        n = rows[-1][0]
        with sidecar.transaction() as db:
            widen(db)
            hold(db, municipality_id)
            plan = _write(db, municipality_id, run.source_id, employees, sidecar.now())
            counts.update({name: number for name, number in plan.counts().items() if name != "unchanged"})
            run.note(n, total, +counts, {"n": n}, db=db)
        run.rest_if_long()


def _end_people(
    sidecar: Sidecar, run: RunContext, municipality_id: str, spool: Spool, counts: Counter[str], total: int
) -> None:
    key = str((run.checkpoint or {}).get("ended", ""))
    while ids := spool.endings_after(key, BATCH):
        key = ids[-1]
        with sidecar.transaction() as db:
            hold(db, municipality_id)
            counts["ended"] += end_employments(db, ids, today=sidecar.today(), now=sidecar.now())
            run.note(total, total, +counts, {"n": total, "ended": key}, db=db)
        run.rest_if_long()


def _remember_changes(sidecar: Sidecar, run: RunContext, municipality_id: str, spool: Spool) -> None:
    with sidecar.transaction() as db:
        hold(db, municipality_id)
        changes = int(spool.fact(people_quarantine.WEIGHED) or 0)
        recent_changes.add_recent(db, run.source_id, changes, sidecar.today())
        spool.note(people_quarantine.WEIGHED, "0")


def _write(db: Session, municipality_id: str, source_id: str, employees: Sequence[Employee], now: datetime) -> Plan:
    today = day_of(now)
    first_day = first_day_of(db, municipality_id, source_id, today)
    plan = plan_people(db, municipality_id, source_id, employees, today, first_day=first_day)
    person_ids = write_plan(db, municipality_id, source_id, plan, now=now, today=today)
    if person_ids:
        matching.look(db, person_ids, now, newcomers=plan.added)
    return plan


def _ask_to_place(sidecar: Sidecar, municipality_id: str) -> None:
    with sidecar.transaction() as db:
        placing.ask_to_place(db, municipality_id, sidecar.now())


def place_people(db: Session, municipality_id: str, now: datetime) -> int:
    """Let the accounts and completions that waited for a municipality's people find them; return how many accounts."""
    placed = place_waiting(db, municipality_id, now)
    completion_matching.place_holders(db, municipality_id, now)
    return placed


def apply_records(
    db: Session,
    municipality_id: str,
    source_id: str,
    records: Sequence[PersonRecord],
    *,
    units: Sequence[UnitRecord],
    now: datetime,
    hashed: Callable[[str], str] | None = None,
) -> Counts:
    """Write what a source pushes of some employees, in the caller's transaction; who is not told of is left alone.

    Args:
        hashed: `sync.national_ids.national_id_hasher`, where the source tells national identity numbers.

    Returns:
        What changed, in numbers by name.

    Raises:
        RecordUnusableError: a record has no usable employee number, or no name.
    """
    hold(db, municipality_id)
    today = day_of(now)
    names = {one.key: one.name for one in units}
    write_units(db, municipality_id, [ToldUnit(one.key, one.name, one.parent_key) for one in units], today)
    employees = [_checked(record, source_id, names, hashed) for record in records]
    plan = _write(db, municipality_id, source_id, employees, now)
    counts = plan.counts()
    if plan.added or plan.changed:
        numbers = [one.employee_number for one in employees]
        counts["placed"] = placing.place_numbers(db, municipality_id, numbers, now)
        completion_matching.place_numbers(db, municipality_id, numbers, now)
        placing.ask_to_place(db, municipality_id, now)
    return counts


def _checked(
    record: PersonRecord, source_id: str, names: Mapping[str, str], hashed: Callable[[str], str] | None
) -> Employee:
    problem = problem_of(record)
    if problem:
        raise RecordUnusableError(reason=problem)
    email, _ = email_of(record)
    known = record if hashed else record._replace(national_id=None)
    packed = pack(known, email, source_id, names, hashed or str)
    return unpack(packed, text_of(packed)[1])
