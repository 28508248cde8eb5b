"""Measure a report of 100,000 rows: build from SQLite, render CSV and XLSX, and the memory that takes.

The peers, in the same run: the csv module alone and xlsxwriter alone, each fed the finished cells. Exits 1 past a
ratio of the design.
"""

import csv
import io
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeVar

import xlsxwriter
from sqlalchemy import Connection, insert
from sqlalchemy.orm import Session

from sidecar.core.access import for_municipality
from sidecar.core.completions import Completion
from sidecar.core.courses import Course, CourseVersion
from sidecar.core.db import Base, open_engine
from sidecar.core.evidence import PLAYER
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Identity, Person
from sidecar.core.periods import day_of, read_period
from sidecar.core.tables import METADATA
from sidecar.reports.build import build_report
from sidecar.reports.render import cells, to_csv, to_xlsx
from sidecar.reports.report import Report

PEOPLE = 20_000
COURSES = 5
CSV_LIMIT = 8.0
XLSX_LIMIT = 2.0
NOW = datetime(2026, 9, 15, 8, tzinfo=UTC)
T = TypeVar("T")


def main() -> int:
    """Print the measurements and judge them."""
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{Path(folder) / 'bench.sqlite3'}")
        METADATA.create_all(engine)
        with engine.begin() as connection:
            _fill(connection)
        before_mb = _peak_mb()
        with Session(engine) as db:
            report, build_s = _time(lambda: _build(db))
        engine.dispose()
    finished = [cells(row, "nb") for row in report.rows]
    (_, csv_s), (_, xlsx_s) = _time(lambda: to_csv(report, "nb")), _time(lambda: to_xlsx(report, "nb"))
    (_, csv_alone_s), (_, xlsx_alone_s) = _time(lambda: _csv_alone(finished)), _time(lambda: _xlsx_alone(finished))
    csv_ratio, xlsx_ratio = csv_s / csv_alone_s, xlsx_s / xlsx_alone_s
    print(f"{len(report.rows)} rows: build {build_s:.2f} s; memory +{_peak_mb() - before_mb:.0f} MB in all")
    print(f"CSV {csv_s:.2f} s, csv alone {csv_alone_s:.2f} s, ratio {csv_ratio:.2f} (limit {CSV_LIMIT})")
    print(f"XLSX {xlsx_s:.2f} s, xlsxwriter alone {xlsx_alone_s:.2f} s, ratio {xlsx_ratio:.2f} (limit {XLSX_LIMIT})")
    return int(len(report.rows) != PEOPLE * COURSES or csv_ratio > CSV_LIMIT or xlsx_ratio > XLSX_LIMIT)


def _time(action: Callable[[], T]) -> tuple[T, float]:
    started = time.process_time()
    result = action()
    return result, time.process_time() - started


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _build(db: Session) -> Report:
    municipality = db.get_one(Municipality, "m")
    return build_report(db, for_municipality("m"), municipality, read_period("2026-09"), "", date(2026, 10, 1))


def _csv_alone(finished: list[tuple[str, ...]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";").writerows(finished)
    return text.getvalue().encode("utf-8-sig")


def _xlsx_alone(finished: list[tuple[str, ...]]) -> bytes:
    content = io.BytesIO()
    workbook = xlsxwriter.Workbook(content, {"constant_memory": True})
    sheet = workbook.add_worksheet()
    for number, row in enumerate(finished):
        for column, cell in enumerate(row):
            sheet.write_string(number, column, cell)
    workbook.close()
    return content.getvalue()


def _fill(db: Connection) -> None:
    def put(table: type[Base], rows: list[dict[str, object]]) -> None:
        db.execute(insert(table), rows)

    put(Municipality, [{"id": "m", "org_number": "1", "slug": "m", "name": "M", "language": "nb", "created_at": NOW}])
    people = [f"p{number}" for number in range(PEOPLE)]
    put(Person, [{"id": one, "first_name": f"Kåre {one}", "last_name": f"Åsen {one[::-1]}"} for one in people])
    put(Employment, [_employment(one) for one in people])
    put(
        Identity,
        [{"id": one, "subject": one, "person_id": one, "first_seen_at": NOW, "last_seen_at": NOW} for one in people],
    )
    courses = [f"c{number}" for number in range(COURSES)]
    put(Course, [{"id": one, "key": one, "title": f"Kurs i førstehjelp {one}", "created_at": NOW} for one in courses])
    put(CourseVersion, [_version(one) for one in courses])
    pairs = [(person, course) for person in people for course in courses]
    put(Completion, [_completion(*pair) for pair in pairs])


def _employment(person: str) -> dict[str, object]:
    return {
        "id": person,
        "person_id": person,
        "municipality_id": "m",
        "employee_number": person,
        "unit": f"Enhet {person[-2:]}",
        "position": "",
        "imported_at": NOW,
    }


def _version(course: str) -> dict[str, object]:
    return {
        "id": course,
        "course_id": course,
        "number": 1,
        "standard": "scorm-1.2",
        "manifest": {},
        "findings": [],
        "package_digest": "0" * 64,
        "size_bytes": 1,
        "file_count": 1,
        "uploaded_at": NOW,
    }


def _completion(person: str, course: str) -> dict[str, object]:
    return {
        "id": person + course,
        "person_id": person,
        "identity_id": person,
        "course_id": course,
        "version_id": course,
        "origin": PLAYER,
        "score": 0.875,
        "completed_at": NOW,
        "completed_on": day_of(NOW),
        "recorded_at": NOW,
    }


if __name__ == "__main__":
    sys.exit(main())
