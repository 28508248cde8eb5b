"""Measure all reports of a month as CSV: many municipalities, one after the other, against one COPY of the same rows.

Fills an empty SQLite file, or an empty PostgreSQL database by `--database`, and reads it. On PostgreSQL the peer is one
`COPY (SELECT …) TO STDOUT` of the same columns in the same order, which writes no words and knows no ledger. Memory is
this process's alone.
"""

import argparse
import resource
import sys
import tempfile
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from benchmarks.fixtures.report_town import fill
from sidecar.core.access import for_municipality
from sidecar.core.db import open_engine, open_reader
from sidecar.core.municipalities import Municipality, list_municipalities
from sidecar.core.periods import read_period
from sidecar.core.report_specs import BASIC
from sidecar.core.tables import METADATA
from sidecar.reports.build import build
from sidecar.reports.formats import csv

LIST = replace(BASIC, spec=replace(BASIC.spec, formats=("csv",)))

SAME_ROWS = """
COPY (
  SELECT e.employee_number, p.last_name, p.first_name, e.unit, c.title, v.number, 'fullført', d.completed_on, d.score,
         coalesce(l.name, d.origin)
  FROM completion d JOIN person p ON p.id = d.person_id JOIN employment e ON e.person_id = p.id
  JOIN course c ON c.id = d.course_id LEFT JOIN course_version v ON v.id = d.version_id
  LEFT JOIN identity i ON i.id = d.identity_id LEFT JOIN platform l ON l.id = i.platform_id
  WHERE d.completed_on BETWEEN '2026-09-01' AND '2026-09-30' AND d.withdrawn_at IS NULL
  ORDER BY e.municipality_id, e.unit, p.last_name, p.first_name, c.title
) TO STDOUT (FORMAT csv, DELIMITER ';', HEADER)
"""


def main() -> int:
    """Fill, build all reports, print the measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--municipalities", type=int, default=20)
    parser.add_argument("--people", type=int, default=5_000, help="of all municipalities together")
    parser.add_argument("--courses", type=int, default=4, help="that each of them has completed")
    parser.add_argument("--database", help="URL of an empty database; a new SQLite file where it is left out")
    parser.add_argument("--filled", action="store_true", help="the database was filled by an earlier run")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        engine = open_engine(asked.database or f"sqlite:///{Path(name) / 'bench.sqlite3'}")
        if not asked.filled:
            _fill(engine, asked)
        peer_s = _copy_out(engine, Path(name) / "peer") if engine.dialect.name == "postgresql" else None
        before_mb, begun = _peak_mb(), time.monotonic()
        rows, size_bytes = _write_all(open_reader(engine), Path(name))
        all_s = time.monotonic() - begun
        engine.dispose()
    print(f"{rows} rows in {all_s:.1f} s: {rows / all_s:.0f} rows/s, {size_bytes / 1e6:.0f} MB of CSV")
    print(f"memory: {_peak_mb():.0f} MB at most, {_peak_mb() - before_mb:+.0f} MB while writing")
    if peer_s is not None:
        print(f"one COPY of the same rows: {peer_s:.1f} s; ratio {all_s / peer_s:.1f}")
    return int(not asked.filled and rows != asked.people * asked.courses)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _fill(engine: Engine, asked: argparse.Namespace) -> None:
    begun = time.monotonic()
    METADATA.create_all(engine)
    with engine.begin() as connection:
        fill(connection, asked.municipalities, asked.people, asked.courses)
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    print(f"filled in {time.monotonic() - begun:.1f} s")


def _copy_out(engine: Engine, target: Path) -> float:
    begun = time.monotonic()
    with engine.connect() as connection, target.open("wb") as file:
        driver = connection.connection.driver_connection
        assert driver is not None
        with driver.cursor() as cursor, cursor.copy(SAME_ROWS) as copy:
            for piece in copy:
                file.write(piece)
    return time.monotonic() - begun


def _write_all(reader: Engine, folder: Path) -> tuple[int, int]:
    """Build and write the report of each municipality; return how many rows and bytes they have."""
    rows = size_bytes = 0
    with Session(reader) as db:
        ids = [one.id for one in list_municipalities(db)]
    for key in ids:
        with Session(reader) as db, tempfile.TemporaryDirectory(dir=folder) as spool:
            here, target = db.get_one(Municipality, key), Path(spool) / "report.csv"
            whose = for_municipality(key), here, LIST, read_period("2026-09"), "", date(2026, 10, 1)
            built = build(db, *whose, Path(spool))
            csv.write(built.document, target)
            rows, size_bytes = rows + built.document.row_count, size_bytes + target.stat().st_size
    return rows, size_bytes


if __name__ == "__main__":
    sys.exit(main())
