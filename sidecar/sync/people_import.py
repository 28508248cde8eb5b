"""Take in a municipality's people by hand: as a whole or not at all, and nobody who is missing is ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from typing import Final

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sidecar.connectors.records import PersonRecord
from sidecar.core import audit, matching
from sidecar.core.access import Viewer
from sidecar.core.first_days import first_day_of
from sidecar.core.municipalities import hold
from sidecar.core.people import Employment, PeopleImport
from sidecar.core.people_plans import Employee, Plan, plan_people
from sidecar.core.people_writing import write_plan
from sidecar.errors import NotFoundError
from sidecar.runtime import Sidecar
from sidecar.sync.people_intake import place_people
from sidecar.sync.people_records import employee_by_hand

AT_ONCE: Final = 20_000
"""How many employees one transaction writes: every file but the largest is taken in as a whole or not at all.

A larger one that is cut off is imported again, which changes nothing for those who are in.
"""

BATCH: Final = 4000

log = structlog.get_logger()


@dataclass(frozen=True)
class Imported:
    """What an import did, in numbers.

    `missing`: employees we know who are not in the source; they are kept. `placed`: identities that were waiting
    and have found their employment. `renamed`, `moved`: of the changed ones, who gets another name or unit.
    `elsewhere`: whom a source keeps, so that they stay as it told.
    """

    rows: int
    added: int
    changed: int
    unchanged: int
    missing: int
    placed: int
    renamed: int = 0
    moved: int = 0
    elsewhere: int = 0


def import_people(
    sidecar: Sidecar, viewer: Viewer, municipality_id: str, people: Iterable[PersonRecord], *, dry_run: bool = False
) -> Imported:
    """Add and update a municipality's employees, and place the identities that wait for them.

    Args:
        people: whose employee numbers are unique.
        dry_run: only say what would be done; nobody is placed.

    Raises:
        NotFoundError: there is no such municipality, or the viewer does not see all of it.
    """
    if not viewer.sees_municipality(municipality_id):
        raise NotFoundError(what="municipality", key=municipality_id)
    work = _Import(sidecar, viewer, municipality_id, is_trial=dry_run)
    return work.run(map(employee_by_hand, people))


class _Import:
    """One import; what it has done so far."""

    def __init__(self, sidecar: Sidecar, viewer: Viewer, municipality_id: str, *, is_trial: bool) -> None:
        self._sidecar = sidecar
        self._viewer = viewer
        self._municipality_id = municipality_id
        self._is_trial = is_trial
        self._counts: Counter[str] = Counter()

    def run(self, employees: Iterator[Employee]) -> Imported:
        with self._sidecar.reading() as db:
            here = Employment.municipality_id == self._municipality_id, Employment.ended_on.is_(None)
            self._counts["employed"] = db.scalar(select(func.count()).select_from(Employment).where(*here)) or 0
            if self._is_trial:
                for some in _pieces(employees, BATCH):
                    self._plan(db, some)
                return self._done()
        piece = list(islice(employees, AT_ONCE))
        while True:
            following = list(islice(employees, AT_ONCE))
            with self._sidecar.transaction() as db:
                self._write(db, piece)
                done = self._end(db) if not following else None
            if done is not None:
                log.info("people.imported", municipality=self._municipality_id, **asdict(done))
                return done
            piece = following

    def _plan(self, db: Session, some: list[Employee]) -> Plan:
        today = self._sidecar.today()
        first_day = first_day_of(db, self._municipality_id, None, today)
        plan = plan_people(db, self._municipality_id, None, some, today, first_day=first_day, is_trial=self._is_trial)
        self._counts.update({"rows": len(some), **plan.counts(), **_seen_changes(plan)})
        return plan

    def _write(self, db: Session, employees: list[Employee]) -> None:
        hold(db, self._municipality_id)
        now, today = self._sidecar.now(), self._sidecar.today()
        for some in _pieces(iter(employees), BATCH):
            plan = self._plan(db, some)
            person_ids = write_plan(db, self._municipality_id, None, plan, now=now, today=today)
            if person_ids:
                matching.look(db, person_ids, now, newcomers=plan.added)

    def _end(self, db: Session) -> Imported:
        now = self._sidecar.now()
        self._counts["placed"] = place_people(db, self._municipality_id, now)
        done = self._done()
        db.add(_entry(self._municipality_id, now, done))
        identity_id = self._viewer.identity_id
        audit.record(db, "people.imported", self._municipality_id, at=now, identity_id=identity_id, **asdict(done))
        return done

    def _done(self) -> Imported:
        counts = self._counts
        missing = counts["employed"] + counts["added"] + counts["returned"] - counts["rows"]
        names = "rows", "added", "changed", "unchanged", "placed", "renamed", "moved", "elsewhere"
        return Imported(missing=missing, **{name: counts[name] for name in names})


def _seen_changes(plan: Plan) -> dict[str, int]:
    """Return how many get another name or unit; a trial knows units by their names alone."""
    changes = [(old, new) for _, old, new in plan.changed]
    renamed = sum((old.first_name, old.last_name) != (new.first_name, new.last_name) for old, new in changes)
    return {"renamed": renamed, "moved": sum(bool(old.unit) and old.unit != new.unit for old, new in changes)}


def _pieces(employees: Iterator[Employee], size: int) -> Iterator[list[Employee]]:
    while some := list(islice(employees, size)):
        yield some


def _entry(municipality_id: str, now: datetime, done: Imported) -> PeopleImport:
    return PeopleImport(
        municipality_id=municipality_id,
        imported_at=now,
        rows=done.rows,
        added=done.added,
        changed=done.changed,
        placed=done.placed,
    )
