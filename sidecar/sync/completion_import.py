"""Bring the completions of a file into our tables, as a whole or not at all; the same file again changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import structlog
from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.orm import Session

from sidecar.core import audit, settling
from sidecar.core.access import Viewer
from sidecar.core.courses import Course
from sidecar.core.db import new_id
from sidecar.core.evidence import FILE, VALID, Evidence
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment
from sidecar.core.periods import day_of
from sidecar.core.second_person import list_own_people
from sidecar.errors import NotFoundError
from sidecar.runtime import Sidecar
from sidecar.sync.completion_file import FileRow, Problems, read_completions
from sidecar.sync.completion_file_problems import (
    CompletionTwiceError,
    CourseUnknownError,
    EmployeeUnknownError,
    OwnCompletionError,
)

AT_A_TIME: Final = 5_000

log = structlog.get_logger()

Place = tuple[str, str, date]
"""Id of a person, id of a course, day in Norway: a file has one completion at each."""


@dataclass(frozen=True)
class ImportedCompletions:
    """What an import did, in numbers; `withdrawn`: rows that staff have withdrawn here, and that stay so."""

    rows: int
    added: int
    changed: int
    unchanged: int
    withdrawn: int


class _Kept(NamedTuple):
    id: str
    score: float | None
    note: str | None
    state: str


@dataclass(frozen=True)
class _Changes:
    added: list[tuple[Place, FileRow]]
    changed: list[tuple[Place, _Kept, FileRow]]
    unchanged: int
    withdrawn: int

    def count(self, rows: int) -> ImportedCompletions:
        return ImportedCompletions(rows, len(self.added), len(self.changed), self.unchanged, self.withdrawn)


def import_completions(
    sidecar: Sidecar, viewer: Viewer, municipality_id: str, path: Path, *, dry_run: bool = False
) -> ImportedCompletions:
    """Take in what a file tells of a municipality's employees, in one transaction.

    Args:
        path: a CSV or XLSX file.
        dry_run: only say what would be done.

    Raises:
        NotFoundError: there is no such municipality, or the viewer does not see all of it.
        CompletionFileRefusedError: with every problem that was found.
    """
    if not viewer.sees_municipality(municipality_id):
        raise NotFoundError(what="municipality", key=municipality_id)
    problems, now = Problems(), sidecar.now()
    rows = read_completions(path, problems, now)
    if dry_run:
        with sidecar.reading() as db:
            placed = _place(db, viewer, municipality_id, rows, problems)
            return _compare(db, viewer, municipality_id, placed).count(len(rows))
    with sidecar.transaction() as db:
        query = select(Municipality.id).where(Municipality.id == municipality_id)
        db.scalar(query.with_for_update())
        placed = _place(db, viewer, municipality_id, rows, problems)
        changes = _compare(db, viewer, municipality_id, placed)
        done = changes.count(len(rows))
        _write(db, viewer, municipality_id, changes, now)
        by = viewer.identity_id
        audit.record(db, "completions.imported", municipality_id, at=now, identity_id=by, **asdict(done))
    log.info("completions.imported", municipality=municipality_id, **asdict(done))
    return done


def _place(
    db: Session, viewer: Viewer, municipality_id: str, rows: Sequence[FileRow], problems: Problems
) -> dict[Place, FileRow]:
    """Return the rows by whom and what they are about; refuse the file where anything is wrong with it."""
    people = _list_people(db, viewer, municipality_id, {row.employee_number for row in rows})
    courses = _list_courses(db, municipality_id, {row.course_key for row in rows})
    own, placed = list_own_people(db, viewer), dict[Place, FileRow]()
    for row in rows:
        person_id, course_id = people.get(row.employee_number), courses.get(row.course_key)
        if person_id is None:
            problems.add(EmployeeUnknownError(line=row.line))
        elif person_id in own:
            problems.add(OwnCompletionError(line=row.line))
        if course_id is None:
            problems.add(CourseUnknownError(line=row.line))
        if person_id and course_id:
            first = placed.setdefault((person_id, course_id, row.day), row)
            if first is not row:
                problems.add(CompletionTwiceError(line=row.line, first=first.line))
    problems.refuse()
    return placed


def _list_people(db: Session, viewer: Viewer, municipality_id: str, numbers: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    if not viewer.sees_municipality(municipality_id):
        return found
    here = Employment.municipality_id == municipality_id, Employment.erased_at.is_(None)
    query = select(Employment.employee_number, Employment.person_id).where(*here)
    for some in _pieces(sorted(numbers)):
        found.update((row[0], row[1]) for row in db.execute(query.where(Employment.employee_number.in_(some))))
    return found


def _list_courses(db: Session, municipality_id: str, keys: Iterable[str]) -> dict[str, str]:
    ours = or_(Course.municipality_id.is_(None), Course.municipality_id == municipality_id)
    found: dict[str, str] = {}
    for some in _pieces(sorted(keys)):
        query = select(func.lower(Course.key), Course.id).where(ours, func.lower(Course.key).in_(some))
        found.update((row[0], row[1]) for row in db.execute(query))
    return found


def _pieces(values: Sequence[str]) -> Iterable[Sequence[str]]:
    return (values[start : start + AT_A_TIME] for start in range(0, len(values), AT_A_TIME))


def _compare(db: Session, viewer: Viewer, municipality_id: str, rows: dict[Place, FileRow]) -> _Changes:
    """Return what differs from what files have told before."""
    kept = _list_kept(db, viewer, municipality_id, sorted({place[0] for place in rows}))
    changes = _Changes([], [], *_count_same(rows, kept))
    for place, row in rows.items():
        before = kept.get(place)
        if before is None:
            changes.added.append((place, row))
        elif before.state == VALID and _differs(before, row):
            changes.changed.append((place, before, row))
    return changes


def _count_same(rows: dict[Place, FileRow], kept: dict[Place, _Kept]) -> tuple[int, int]:
    both = [(kept[place], row) for place, row in rows.items() if place in kept]
    withdrawn = sum(before.state != VALID for before, _ in both)
    return sum(before.state == VALID and not _differs(before, row) for before, row in both), withdrawn


def _differs(before: _Kept, row: FileRow) -> bool:
    return (before.score, before.note or "") != (row.score, row.note)


def _list_kept(db: Session, viewer: Viewer, municipality_id: str, people: Sequence[str]) -> dict[Place, _Kept]:
    found: dict[Place, _Kept] = {}
    if not viewer.sees_municipality(municipality_id):
        return found
    columns = Evidence.id, Evidence.score, Evidence.note, Evidence.state
    query = select(Evidence.person_id, Evidence.course_id, Evidence.completed_at, *columns)
    here = Evidence.municipality_id == municipality_id, Evidence.origin == FILE
    for some in _pieces(people):
        for row in db.execute(query.where(*here, Evidence.person_id.in_(some))):
            kept = _Kept(row.id, row.score, row.note, row.state)
            found[row.person_id or "", row.course_id, day_of(row.completed_at)] = kept
    return found


def _write(db: Session, viewer: Viewer, municipality_id: str, changes: _Changes, now: datetime) -> None:
    same: dict[str, Any] = {
        "origin": FILE,
        "municipality_id": municipality_id,
        "entered_by": viewer.identity_id,
        "recorded_at": now,
        "state": VALID,
    }
    rows = [same | _row(place, row) for place, row in changes.added]
    if rows:
        db.execute(insert(Evidence), rows)
    if changes.changed:
        differing = [{"id": kept.id, "score": row.score, "note": row.note or None} for _, kept, row in changes.changed]
        db.execute(update(Evidence), differing)
    places = [place for place, _ in changes.added] + [place for place, _, _ in changes.changed]
    settling.settle(db, {(person_id, course_id) for person_id, course_id, _ in places}, now)


def _row(place: Place, row: FileRow) -> dict[str, Any]:
    person_id, course_id, _ = place
    about = {"id": new_id(), "person_id": person_id, "course_id": course_id}
    return about | {"completed_at": row.completed_at, "score": row.score, "note": row.note or None}
