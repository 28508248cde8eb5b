"""Measure a report of 100,000 rows: build from SQLite, write CSV and XLSX, and the memory that takes.

Run it with `python -m benchmarks.report [people]`, who have `COURSES` rows each. The peers, in the same run: the csv
module alone and xlsxwriter alone, each fed the finished cells. Exits 1 past a ratio of the design.
"""

import csv
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TypeVar

import xlsxwriter
from sqlalchemy.orm import Session

from benchmarks.fixtures.report_town import fill
from sidecar.core.access import for_municipality
from sidecar.core.db import open_engine
from sidecar.core.municipalities import Municipality
from sidecar.core.periods import read_period
from sidecar.core.report_specs import BASIC
from sidecar.core.tables import METADATA
from sidecar.reports.build import Built, build
from sidecar.reports.document import Document
from sidecar.reports.formats import csv as csv_format
from sidecar.reports.formats import xlsx as xlsx_format
from sidecar.reports.formats.cell_texts import plain_texts

PEOPLE = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
JUDGED = 20_000
"""How many rows say something of a ratio."""

COURSES = 5
CSV_LIMIT = 8.0
XLSX_LIMIT = 2.0
LIST = replace(BASIC, spec=replace(BASIC.spec, formats=("csv",)))
"""The list that every installation has, without the figures of a workbook."""

T = TypeVar("T")


def main() -> int:
    """Print the measurements and judge them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        engine = open_engine(f"sqlite:///{folder / 'bench.sqlite3'}")
        METADATA.create_all(engine)
        with engine.begin() as connection:
            fill(connection, 1, PEOPLE, COURSES)
        before_mb = _peak_mb()
        with Session(engine) as db:
            built, build_s = _time(lambda: _build(db, folder))
        engine.dispose()
        document = built.document
        _, csv_s = _time(lambda: csv_format.write(document, folder / "csv"))
        flat_mb = _peak_mb() - before_mb
        _, xlsx_s = _time(lambda: xlsx_format.write(document, folder / "xlsx"))
        finished = _cells(document)
        _, csv_alone_s = _time(lambda: _csv_alone(finished, folder / "csv-alone"))
        _, xlsx_alone_s = _time(lambda: _xlsx_alone(finished, folder / "xlsx-alone"))
    csv_ratio, xlsx_ratio = csv_s / csv_alone_s, xlsx_s / xlsx_alone_s
    print(f"{document.row_count} rows: build {build_s:.2f} s; memory +{flat_mb:.0f} MB with the CSV")
    print(f"CSV {csv_s:.2f} s, csv alone {csv_alone_s:.2f} s, ratio {csv_ratio:.2f} (limit {CSV_LIMIT})")
    print(f"XLSX {xlsx_s:.2f} s, xlsxwriter alone {xlsx_alone_s:.2f} s, ratio {xlsx_ratio:.2f} (limit {XLSX_LIMIT})")
    is_slow = csv_ratio > CSV_LIMIT or xlsx_ratio > XLSX_LIMIT
    return int(document.row_count != PEOPLE * COURSES or (document.row_count >= JUDGED and is_slow))


def _time(action: Callable[[], T]) -> tuple[T, float]:
    started = time.process_time()
    result = action()
    return result, time.process_time() - started


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _build(db: Session, folder: Path) -> Built:
    municipality = db.get_one(Municipality, "m0")
    return build(db, for_municipality("m0"), municipality, LIST, read_period("2026-09"), "", date(2026, 10, 1), folder)


def _cells(document: Document) -> Sequence[Sequence[str]]:
    texts = plain_texts(document.columns, document.language)
    return [[say(cell) for say, cell in zip(texts, line.cells, strict=True)] for line in document.lines()]


def _csv_alone(finished: Sequence[Sequence[str]], target: Path) -> None:
    with target.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";").writerows(finished)


def _xlsx_alone(finished: Sequence[Sequence[str]], target: Path) -> None:
    workbook = xlsxwriter.Workbook(str(target), {"constant_memory": True})
    sheet = workbook.add_worksheet()
    for number, row in enumerate(finished):
        for column, cell in enumerate(row):
            sheet.write_string(number, column, cell)
    workbook.close()


if __name__ == "__main__":
    sys.exit(main())
