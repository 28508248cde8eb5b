"""Bring what a source says into our tables, as a whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

import structlog
from sqlalchemy import select

from sidecar.connectors.base import PersonRecord
from sidecar.core import audit
from sidecar.core.access import Viewer
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employee, PeopleChanges, PeopleImport, apply_people, compare_people
from sidecar.core.placing import place_waiting
from sidecar.errors import NotFoundError
from sidecar.runtime import Sidecar

log = structlog.get_logger()


@dataclass(frozen=True)
class Imported:
    """What an import did, in numbers.

    `missing`: employees we know who are not in the source; they are kept. `placed`: identities that were waiting
    and have found their employment.
    """

    rows: int
    added: int
    changed: int
    unchanged: int
    missing: int
    placed: int


def import_people(
    sidecar: Sidecar, viewer: Viewer, municipality_id: str, people: Iterable[PersonRecord], *, dry_run: bool = False
) -> Imported:
    """Add and update a municipality's employees, and place the identities that wait for them, in one transaction.

    Args:
        people: from a `PeopleSource`; employee numbers are unique in it.
        dry_run: only say what would be done; nobody is placed.

    Raises:
        NotFoundError: there is no such municipality, or the viewer does not see all of it.
    """
    if not viewer.sees_municipality(municipality_id):
        raise NotFoundError(what="municipality", key=municipality_id)
    employees = [Employee(**vars(record)) for record in people]
    if dry_run:
        with sidecar.reading() as db:
            return _count(compare_people(db, municipality_id, employees), len(employees), placed=0)
    with sidecar.transaction() as db:
        db.scalar(select(Municipality.id).where(Municipality.id == municipality_id).with_for_update())
        changes = compare_people(db, municipality_id, employees)
        now = sidecar.now()
        apply_people(db, municipality_id, changes, now=now)
        done = _count(changes, len(employees), placed=place_waiting(db, municipality_id, now))
        db.add(_entry(municipality_id, now, done))
        audit.record(db, "people.imported", municipality_id, at=now, identity_id=viewer.identity_id, **asdict(done))
    log.info("people.imported", municipality=municipality_id, **asdict(done))
    return done


def _entry(municipality_id: str, now: datetime, done: Imported) -> PeopleImport:
    return PeopleImport(
        municipality_id=municipality_id,
        imported_at=now,
        rows=done.rows,
        added=done.added,
        changed=done.changed,
        placed=done.placed,
    )


def _count(changes: PeopleChanges, rows: int, *, placed: int) -> Imported:
    return Imported(rows, len(changes.added), len(changes.changed), changes.unchanged, changes.missing, placed)
