"""Time what a municipality's system fetches: changes written, then read by pages, against bare JSON of the same lines.

SQLite, 20,000 completions of 5,000 employees unless told otherwise. `python -m benchmarks.changes_pull [employees]`
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from benchmarks.fixtures.machine import peak_kib, watched_load
from sidecar.core import change_pulls
from sidecar.core.access import operator_at_the_console
from sidecar.core.api_tokens import add_token
from sidecar.core.completions import Completion
from sidecar.core.courses import Course
from sidecar.core.db import new_id
from sidecar.core.municipalities import Municipality, add_municipality
from sidecar.core.people import Employment, Person
from sidecar.reports import changes
from sidecar.runtime import Sidecar
from sidecar.schema import upgrade
from sidecar.settings import read_settings

EMPLOYEES = 5_000
COURSES = 4


def fill(sidecar: Sidecar, employees: int) -> str:
    """Employ people who don't exist and let each have completed every course; return the municipality's id."""
    now = datetime(2026, 9, 1, tzinfo=UTC)
    with sidecar.transaction() as db:
        town = add_municipality(db, Municipality(org_number="942402465", slug="all", name="All", created_at=now))
        courses = [Course(key=f"course-{n}", title=f"Course {n}", created_at=now) for n in range(COURSES)]
        db.add_all(courses)
        db.flush()
        people, works, done = [], [], []
        for number in range(employees):
            person_id = new_id()
            people.append({"id": person_id, "first_name": f"Fornavn{number}", "last_name": f"Etternavn{number}"})
            work = {"id": new_id(), "person_id": person_id, "municipality_id": town.id, "imported_at": now}
            works.append(work | {"employee_number": str(number), "unit": f"Enhet {number % 50}", "position": ""})
            for course in courses:
                at = now - timedelta(minutes=number)
                row = {"id": new_id(), "person_id": person_id, "course_id": course.id, "origin": "lms"}
                done.append(row | {"completed_at": at, "completed_on": at.date(), "recorded_at": at, "score": 0.9})
        for table, rows in ((Person, people), (Employment, works), (Completion, done)):
            db.execute(insert(table), rows)
        return town.id


def main() -> int:
    """Write, read, and print both."""
    employees = int(sys.argv[1]) if len(sys.argv) > 1 else EMPLOYEES
    with watched_load(), tempfile.TemporaryDirectory() as folder:
        sidecar = Sidecar(read_settings({"SIDECAR_DATA": str(Path(folder) / "data")}))
        upgrade(sidecar.engine)
        town = fill(sidecar, employees)
        began = time.perf_counter()
        written = changes.write_all(sidecar, town)
        took = time.perf_counter() - began
        print(f"written for the first time: {written:,} changes, {written / took:,.0f} a second")
        began = time.perf_counter()
        again = changes.write_all(sidecar, town)
        took = time.perf_counter() - began
        print(f"looked at again: {again} changes, {written / took:,.0f} completions a second")
        before = peak_kib()
        lines, took = _read(sidecar, town)
        bare = _bare(lines)
        print(f"read by pages of {change_pulls.MOST_LINES:,}: {len(lines) / took:,.0f} a second")
        print(f"  {bare / took:.2f} of json.dumps of the same lines ({len(lines) / bare:,.0f} a second)")
        print(f"  {peak_kib() / 1024:.0f} MiB at most, {before / 1024:.0f} before it was read")
        sidecar.close()
    return 0


def _read(sidecar: Sidecar, town: str) -> tuple[list[str], float]:
    viewer = operator_at_the_console()
    with sidecar.transaction() as db:
        token, _ = add_token(db, viewer, town, scope="changes", name="x", days=1, now=sidecar.now())
    lines: list[str] = []
    after, began = 0, time.perf_counter()
    while True:
        with sidecar.reading() as db:
            last, _ = change_pulls.find_last(db, token, after, change_pulls.MOST_LINES)
            lines += change_pulls.iter_lines(db, token, after, last)
        if last == after:
            return lines, time.perf_counter() - began
        after = last


def _bare(lines: list[str]) -> float:
    read = [json.loads(line) for line in lines]
    began = time.perf_counter()
    for one in read:
        json.dumps(one, ensure_ascii=False, separators=(",", ":"))
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
