"""Measure reports at the size of a country: all lists of a month as CSV, a run by one and two workers, and the pages.

Fills an empty SQLite file, or an empty PostgreSQL database by `--database`, and reads it. On PostgreSQL the peer is one
`COPY (SELECT …) TO STDOUT` of the same columns in the same order, which writes no words and knows no ledger. Exits 1
where a target is missed, if there are `JUDGED` rows: fewer say nothing.

    python -m benchmarks.report_scale 450000 --courses 20 --municipalities 357 --database postgresql+psycopg://…
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from sqlalchemy import Engine, text

from benchmarks.fixtures import report_work
from benchmarks.fixtures.machine import watched_load
from benchmarks.fixtures.report_town import fill
from sidecar.core.db import open_engine
from sidecar.core.staff import Scope
from sidecar.core.tables import METADATA
from sidecar.log import configure_log
from sidecar.runtime import Sidecar
from sidecar.settings import Settings
from sidecar.web.app import create_app
from tests.sidecar.web.signed_in import sign_in_as

JUDGED = 500_000
OF_COPY = 0.7
MOST_MB = 300
MOST_PAGE_MS = 100.0
BY_TWO_WORKERS = 1.6
RUN_OF = 24
"""How many municipalities a run is of."""

VISITS = 9
PUBLIC_URL, CONTENT_URL = "https://sidecar.example.no", "https://content.example.net"

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
    """Fill, measure, print and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("people", type=int, nargs="?", default=5_000, help="of all municipalities together")
    parser.add_argument("--municipalities", type=int, default=20)
    parser.add_argument("--courses", type=int, default=4, help="that each of them has completed")
    parser.add_argument("--database", help="URL of an empty database; a new SQLite file where it is left out")
    parser.add_argument("--filled", action="store_true", help="the database was filled by an earlier run")
    asked = parser.parse_args()
    configure_log("ERROR")
    with tempfile.TemporaryDirectory() as name, watched_load():
        url = asked.database or f"sqlite:///{Path(name) / 'bench.sqlite3'}"
        if not asked.filled:
            _fill(url, asked)
        folder, run_of = Path(name), min(RUN_OF, asked.municipalities)
        missed = [*_lists(url, folder), *_run(url, folder, run_of), *_pages(url, folder)]
    if asked.people * asked.courses < JUDGED:
        return 0
    print(*(f"missed: {one}" for one in missed), sep="\n")
    return int(bool(missed))


def _fill(url: str, asked: argparse.Namespace) -> None:
    begun, engine = time.monotonic(), open_engine(url)
    METADATA.create_all(engine)
    with engine.begin() as connection:
        fill(connection, asked.municipalities, asked.people, asked.courses)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE" if engine.dialect.name == "postgresql" else "PRAGMA optimize"))
    engine.dispose()
    print(f"filled in {time.monotonic() - begun:.0f} s")


def _lists(url: str, folder: Path) -> Iterator[str]:
    """Write every list by one worker and by two, against one COPY; yield what is missed."""
    ratio, peer_s = 0.0, _copy_out(open_engine(url), folder / "peer")
    for workers in (1, 2):
        told = report_work.in_processes(workers, partial(report_work.write_share, url, folder, workers))
        all_s, rows = max(one.took_s for one in told), sum(one.rows for one in told)
        size_mb = sum(one.size_bytes for one in told) / 1e6
        peak_mb, before_mb = (max(getattr(one, name) for one in told) / 1024 for name in ("peak_kib", "before_kib"))
        ratio = peer_s / all_s if peer_s else 0.0
        print(f"CSV, {workers} at work: {rows} rows ({size_mb:.0f} MB) in {all_s:.1f} s, {rows / all_s:.0f} a second")
        print(f"  memory of one: {peak_mb:.0f} MB at most, {peak_mb - before_mb:+.0f} MB since before the first list")
        if peer_s:
            print(f"  {ratio:.2f} times one COPY of the same rows, {peer_s:.1f} s (at least {OF_COPY} by two)")
        if peak_mb > MOST_MB:
            yield f"{peak_mb:.0f} MB of memory"
    if peer_s and ratio < OF_COPY:
        yield f"CSV at {ratio:.2f} of COPY"


def _copy_out(engine: Engine, target: Path) -> float:
    """Return how long the peer takes; 0 where there is none."""
    if engine.dialect.name != "postgresql":
        return 0.0
    begun = time.monotonic()
    with engine.connect() as connection, target.open("wb") as file:
        driver = connection.connection.driver_connection
        assert driver is not None
        with driver.cursor() as cursor, cursor.copy(SAME_ROWS) as copy:
            for piece in copy:
                file.write(piece)
    engine.dispose()
    target.unlink()
    return time.monotonic() - begun


def _run(url: str, folder: Path, count: int) -> Iterator[str]:
    """Do the whole run of some municipalities, with files kept and deliveries written, by one worker and by two."""
    settings = Settings(folder, PUBLIC_URL, CONTENT_URL, url)
    sidecar = report_work.open_sidecar(settings)
    ids = [f"m{number}" for number in range(count)]
    report_work.add_folders(sidecar, folder / "out", ids)
    took_s = dict[int, float]()
    for workers in (1, 2):
        report_work.ask_for_run(sidecar, ids)
        took_s[workers] = max(report_work.in_processes(workers, partial(report_work.work_off, settings)))
    gained = took_s[1] / took_s[2]
    print(f"a run of {len(ids)} lists, kept and noted: {took_s[1]:.1f} s by one worker, {took_s[2]:.1f} s by two")
    print(f"  two do {gained:.2f} times as much as one (at least {BY_TWO_WORKERS})")
    sidecar.close()
    if gained < BY_TWO_WORKERS:
        yield f"two workers at {gained:.2f} of one"


def _pages(url: str, folder: Path) -> Iterator[str]:
    """Visit the pages of the staff, each a few times, with all that in place."""
    sidecar = report_work.open_sidecar(Settings(folder, PUBLIC_URL, CONTENT_URL, url))
    for path, took_ms in _visit(sidecar):
        print(f"{path:48} {took_ms:6.1f} ms")
        if took_ms > MOST_PAGE_MS:
            yield f"{path} takes {took_ms:.0f} ms"
    sidecar.close()


def _visit(sidecar: Sidecar) -> Iterator[tuple[str, float]]:
    staff = sign_in_as(create_app(sidecar), sidecar, "operator", Scope())
    paths = (
        "/staff/",
        "/staff/ledger",
        "/staff/deliveries",
        "/staff/reports",
        "/staff/reports/completions",
        "/staff/reports/calendar",
        "/staff/municipalities",
        "/staff/municipalities/m0",
        "/staff/municipalities/m0/people",
        "/staff/municipalities/m0/people/e0",
    )
    for path in paths:
        took_s = []
        for _ in range(VISITS):
            begun = time.perf_counter()
            staff.get(path)
            took_s.append(time.perf_counter() - begun)
        yield path, statistics.median(took_s) * 1000


if __name__ == "__main__":
    sys.exit(main())
